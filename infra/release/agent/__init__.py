"""The release agent: the state machine's verbs on a deployment, as a small function with boto3 as its only
dependency.
"""
