"""The guard of the HTTP API's own address: a small function with boto3 as its only dependency."""
