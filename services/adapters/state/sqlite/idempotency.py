"""Records of idempotency keys used in the last 24 hours."""

import sqlite3

from services.recommender.errors import IdempotencyMismatch
from services.recommender.ports import FeedbackCommand, Receipt

KEPT_MS = 24 * 3_600 * 1_000


def earlier_answer(
    connection: sqlite3.Connection, command: FeedbackCommand, now_ms: int
) -> Receipt | IdempotencyMismatch | None:
    """Return the result of an earlier command with the same key; None without a key or a live record."""
    used = command.idempotency
    if used is None:
        return None
    found = connection.execute(
        "SELECT fingerprint, event_id FROM idempotency WHERE scope = ? AND key = ? AND expires_at > ?",
        (used.scope, used.key, now_ms),
    ).fetchone()
    if found is None:
        return None
    fingerprint, event_id = found
    if fingerprint == used.fingerprint:
        return Receipt(event_id, replayed=True)
    return IdempotencyMismatch(
        "Idempotency-Key: this key was used within 24 hours with another body; send a new key for a new event"
    )


def remember(connection: sqlite3.Connection, command: FeedbackCommand, event_id: str, now_ms: int) -> None:
    """Store the result of a command, if it has a key."""
    used = command.idempotency
    if used is not None:
        connection.execute(
            "INSERT OR REPLACE INTO idempotency (scope, key, fingerprint, event_id, user_id, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (used.scope, used.key, used.fingerprint, event_id, command.user_id, now_ms + KEPT_MS),
        )
