"""State stores: people, the event log, cache, idempotency, quota, keys."""
