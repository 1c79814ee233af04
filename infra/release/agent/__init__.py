"""What the release state machine does to a deployment, verb by verb: a small function, with boto3 and nothing else."""
