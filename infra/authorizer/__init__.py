"""The guard of the HTTP API's own address: a small function, with boto3 and nothing else."""
