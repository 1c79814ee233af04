"""Real servers for the tests: OpenSearch with its k-NN plugin and DynamoDB Local, as plain processes on loopback.

``docs/servers.md`` explains how tests use them; ``python -m tests.servers`` starts both by hand.
"""
