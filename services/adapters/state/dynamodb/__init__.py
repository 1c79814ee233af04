"""State store for AWS: people, log, cache, idempotency, quotas and keys in three DynamoDB tables (docs/dynamodb.md)."""
