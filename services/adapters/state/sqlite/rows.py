"""Conversion between table rows and domain objects."""

import secrets
import sqlite3
from collections.abc import Sequence
from typing import Any

from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import Event, EventKind, pack, pack_hashes, unpack, unpack_hashes
from services.recommender.domain.profile import Profile
from services.recommender.errors import StateUnavailable
from services.recommender.ports import LoggedEvent

PROFILE_COLUMNS = "p.history, p.seen, p.disliked, p.revision, p.updated_at"
EVENT_COLUMNS = "event_id, user_id, item_id, kind, value, ts_ms, recommendation_id"
# An existing entry keeps its place among events of equal time.
_PUT_EVENT = f"""
INSERT INTO events ({EVENT_COLUMNS}, arrived) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET item_id = excluded.item_id, kind = excluded.kind, value = excluded.value,
recommendation_id = excluded.recommendation_id
"""  # noqa: S608 - constants only


def profile_of(user_id: str, row: Sequence[Any]) -> Profile:
    """Return the profile of a row of PROFILE_COLUMNS; all NULL for a person who was never stored.

    Raises StateUnavailable for a damaged row, naming the id's hash, as messages end up in logs.
    """
    history, seen, disliked, revision, updated_at = row
    if revision is None:
        return Profile(user_id)
    try:
        return Profile(user_id, unpack(history), unpack_hashes(seen), unpack_hashes(disliked), revision, updated_at)
    except ValueError as error:
        raise StateUnavailable(
            f"people row {hash_id(user_id):010x} (BLAKE2b-40 of the user id) of state.db is damaged: {error}; "
            "erase this person or restore the file from a backup"
        ) from error


def find_profile(connection: sqlite3.Connection, user_id: str) -> Profile:
    """Return a person's profile, empty for an unknown one. Raises StateUnavailable for a damaged row."""
    row = connection.execute(f"SELECT {PROFILE_COLUMNS} FROM people p WHERE user_id = ?", (user_id,)).fetchone()  # noqa: S608
    return profile_of(user_id, row or (None,) * 5)


def put_profile(connection: sqlite3.Connection, profile: Profile, now_ms: int) -> None:
    """Write a profile under a new revision."""
    packed = (pack(profile.history), pack_hashes(profile.seen), pack_hashes(profile.disliked))
    connection.execute(
        "INSERT OR REPLACE INTO people (user_id, history, seen, disliked, revision, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (profile.user_id, *packed, secrets.token_hex(8), now_ms),
    )


def event_of(row: Sequence[Any]) -> LoggedEvent:
    """Return the log entry of a row of EVENT_COLUMNS."""
    event_id, user_id, item_id, kind, value, ts_ms, recommendation_id = row
    return LoggedEvent(event_id, user_id, Event(item_id, EventKind(kind), value, ts_ms), recommendation_id)


def lines_of(connection: sqlite3.Connection, user_id: str) -> list[LoggedEvent]:
    """Return one person's log, by time, then arrival."""
    rows = connection.execute(
        f"SELECT {EVENT_COLUMNS} FROM events WHERE user_id = ? ORDER BY ts_ms, arrived",  # noqa: S608
        (user_id,),
    )
    return [event_of(row) for row in rows]


def put_event(connection: sqlite3.Connection, line: LoggedEvent, arrived: int) -> None:
    """Append to the log; an entry of the same person, time and id is replaced."""
    event = line.event
    row = (line.event_id, line.user_id, event.item_id, int(event.kind), event.value, event.ts_ms)
    connection.execute(_PUT_EVENT, (*row, line.recommendation_id, arrived))
