"""Storing feedback: one transaction per person, with the profile read inside it."""

import sqlite3
from collections.abc import Sequence

from services.adapters.foreign import translated
from services.adapters.state.arrival_ids import Arrivals, event_id_of
from services.adapters.state.by_person import Receipts, in_order, record_by_person
from services.adapters.state.sqlite.database import Database, find_profile, put_event, put_profile
from services.recommender.domain.history import DUPLICATE_WINDOW_MS
from services.recommender.domain.profile import Profile, apply
from services.recommender.errors import IdempotencyMismatch, MarqueeError, StateUnavailable
from services.recommender.ports import Deadline, FeedbackCommand, LoggedEvent, Receipt

# How long an idempotency key is remembered.
KEPT_MS = 24 * 3_600 * 1_000


class SqliteFeedback:
    """Implementation of ``StatePort.record``."""

    def __init__(self, database: Database, arrivals: Arrivals) -> None:
        self._database = database
        self._clock = database.clock
        self._arrivals = arrivals

    def record(self, commands: Sequence[FeedbackCommand], deadline: Deadline) -> Receipts:
        """Implement the port."""
        return record_by_person(commands, lambda user_id, part: self._record_person(user_id, part, deadline))

    @translated(StateUnavailable, "the data in state.db")
    def _record_person(self, user_id: str, commands: list[FeedbackCommand], deadline: Deadline) -> Receipts:
        """Store all of one person's commands, or none."""
        with self._database.writing(deadline) as connection:
            now_ms = self._clock.now_ms()
            profile = find_profile(connection, user_id)
            receipts: Receipts = []
            stored = False
            for original in commands:
                command = in_order(profile, original, now_ms)
                receipt = _earlier_receipt(connection, command, profile, now_ms)
                if receipt is None:
                    receipt = self._append(connection, command, now_ms)
                    profile = apply(profile, command.event)
                    stored = True
                receipts.append(receipt)
            if stored:
                put_profile(connection, profile, now_ms)
        return receipts

    def _append(self, connection: sqlite3.Connection, command: FeedbackCommand, now_ms: int) -> Receipt:
        """Write the log entry, and the record of the idempotency key."""
        arrived = self._arrivals.next()
        logged_event = LoggedEvent(event_id_of(arrived), command.user_id, command.event, command.recommendation_id)
        put_event(connection, logged_event, arrived)
        _remember(connection, command, logged_event.event_id, now_ms)
        return Receipt(logged_event.event_id)


def _earlier_receipt(
    connection: sqlite3.Connection, command: FeedbackCommand, profile: Profile, now_ms: int
) -> Receipt | MarqueeError | None:
    """Return the receipt of a command that stores nothing; None for one that does."""
    receipt = _receipt_of_key(connection, command, now_ms)
    if receipt is not None or command.idempotency is not None:
        return receipt  # with a key, the client decides which events are the same
    if not profile.history.is_duplicate(command.event):
        return None
    event_id = _repeated(connection, command)
    return Receipt(event_id, duplicate=True) if event_id else None


def _repeated(connection: sqlite3.Connection, command: FeedbackCommand) -> str | None:
    """Return the id of the event that this one repeats."""
    event = command.event
    row = connection.execute(
        "SELECT event_id FROM events WHERE user_id = ? AND ts_ms BETWEEN ? AND ?"
        " AND item_id = ? AND kind = ? AND value = ? ORDER BY ts_ms DESC, event_id DESC LIMIT 1",
        (
            command.user_id,
            event.ts_ms - DUPLICATE_WINDOW_MS,
            event.ts_ms,
            event.item_id,
            int(event.kind),
            event.value,
        ),
    ).fetchone()
    return None if row is None else str(row[0])


def _receipt_of_key(
    connection: sqlite3.Connection, command: FeedbackCommand, now_ms: int
) -> Receipt | IdempotencyMismatch | None:
    """Return the receipt of an earlier command with the same key; None without a key or a live record."""
    idempotency = command.idempotency
    if idempotency is None:
        return None
    row = connection.execute(
        "SELECT fingerprint, event_id FROM idempotency WHERE scope = ? AND key = ? AND expires_at > ?",
        (idempotency.scope, idempotency.key, now_ms),
    ).fetchone()
    if row is None:
        return None
    fingerprint, event_id = row
    if fingerprint == idempotency.fingerprint:
        return Receipt(event_id, replayed=True)
    return IdempotencyMismatch(
        "Idempotency-Key: this key was used within 24 hours with another body; send a new key for a new event"
    )


def _remember(connection: sqlite3.Connection, command: FeedbackCommand, event_id: str, now_ms: int) -> None:
    """Store the receipt of a command, if it has a key."""
    idempotency = command.idempotency
    if idempotency is not None:
        connection.execute(
            "INSERT OR REPLACE INTO idempotency (scope, key, fingerprint, event_id, user_id, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                idempotency.scope,
                idempotency.key,
                idempotency.fingerprint,
                event_id,
                command.user_id,
                now_ms + KEPT_MS,
            ),
        )
