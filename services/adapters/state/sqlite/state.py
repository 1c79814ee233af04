"""Embedded state store: profiles, event log and cached responses in one SQLite file, and the erasure of people.

``secure_delete`` zeroes erased data in the pages of ``state.db``. Two kinds of copies may remain, which :class:`Traces`
removes:

- the write-ahead log holds old pages until it is checkpointed and truncated. That waits for readers of older pages, in
  any process; if one takes too long, it is retried later;
- a row that SQLite moved when it split a page may remain in the old page's unallocated space. That is rare, so the file
  is searched for the id, and only if found the whole file is rewritten (``VACUUM``).

Source: SQLite documentation, "PRAGMA secure_delete", "PRAGMA wal_checkpoint", "VACUUM"; "Database File Format".
"""

import itertools
import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from services.adapters.foreign import translated
from services.adapters.state.arrival_ids import Arrivals
from services.adapters.state.sqlite import bulk
from services.adapters.state.sqlite.database import (
    PROFILE_COLUMNS,
    Database,
    cut_log,
    find_profile,
    logged_events_of,
    profile_of,
)
from services.adapters.state.sqlite.feedback import SqliteFeedback
from services.adapters.state.sqlite.log import SqliteEventLog
from services.recommender.domain.profile import Profile, mark_of
from services.recommender.errors import MarqueeError, StateUnavailable
from services.recommender.ports import (
    CacheEntry,
    CacheKey,
    Deadline,
    FeedbackCommand,
    LoggedEvent,
    Receipt,
    UserExport,
)

_log = logging.getLogger(__name__)

WAIT_S = 2.0
# One in this many cache writes also deletes some expired rows.
SWEEP_EVERY = 200
SWEEP_ROWS = 500
# How long an erasure waits for readers, and other writers for it.
READERS_WAIT_S = 0.25
RETRY_S = 1.0
# Maximum size to rewrite while requests wait, a second on a slow disk. Larger files are rewritten on shutdown.
LARGEST_AT_ONCE = 64_000_000
# Shorter ids are found by chance, in other ids or in numbers.
SHORTEST_SEARCHED = 8
_BLOCK = 1 << 20

# One statement for one round trip and one snapshot.
_READ = f"""
SELECT {PROFILE_COLUMNS}, c.revision, c.payload, c.expires_at
FROM (SELECT 1) LEFT JOIN people p ON p.user_id = ?
LEFT JOIN cache c ON c.owner = ? AND c.entry = ?
"""  # noqa: S608 - constants only
# Condition and write are one statement: a person erased or changed meanwhile gets no entry.
_PUT = """
INSERT OR REPLACE INTO cache (owner, entry, user_id, revision, payload, expires_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6
WHERE coalesce((SELECT revision FROM people WHERE user_id = ?3), '') = ?4
"""
_SWEEP_CACHE = (
    "DELETE FROM cache WHERE rowid IN (SELECT rowid FROM cache WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)"
)
_SWEEP_KEYS = """
DELETE FROM idempotency WHERE (scope, key) IN
(SELECT scope, key FROM idempotency WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)
"""


class SqliteState:
    """``StatePort`` in ``state.db``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._arrivals = Arrivals(database.clock)
        self._feedback = SqliteFeedback(database, self._arrivals)
        self._cache_writes = itertools.count(1)
        self._traces = Traces(database)

    @translated(StateUnavailable, "the data in state.db")
    def read(
        self, user_id: str | None, cache_key: CacheKey | None, deadline: Deadline
    ) -> tuple[Profile | None, CacheEntry | None]:
        """Implement the port. Raises StateUnavailable, also for a person whose row is damaged."""
        owner, entry = (_owner_of(cache_key), cache_key.entry) if cache_key else (None, None)
        with self._database.reading(deadline) as connection:
            row = connection.execute(_READ, (user_id, owner, entry)).fetchone()
        profile = None if user_id is None else profile_of(user_id, row[:5])
        cached = None if row[5] is None else CacheEntry(*row[5:])
        is_current = cached is not None and cached.is_current(profile, self._now_s())
        return profile, cached if is_current else None

    def write_cache(self, key: CacheKey, entry: CacheEntry) -> None:
        """Implement the port: write if the lock is free at once, else drop the entry. Never raises if the store is
        down: the next response is computed again.
        """
        with suppress(StateUnavailable):
            self._write_cache(key, entry)
        self._traces.retry()

    def _write_cache(self, key: CacheKey, entry: CacheEntry) -> None:
        """Write without fsync, and occasionally delete expired rows."""
        at_once = Deadline.within(self._database.clock, 0)
        with self._database.writing(at_once, durable=False) as connection:
            row = (_owner_of(key), key.entry, key.user_id, entry.revision, entry.payload, entry.expires_at)
            connection.execute(_PUT, row)
            if next(self._cache_writes) % SWEEP_EVERY == 0:
                now_ms = self._database.clock.now_ms()
                connection.execute(_SWEEP_CACHE, (now_ms // 1_000, SWEEP_ROWS))
                connection.execute(_SWEEP_KEYS, (now_ms, SWEEP_ROWS))

    def record(self, commands: Sequence[FeedbackCommand], deadline: Deadline) -> list[Receipt | MarqueeError]:
        """Implement the port."""
        return self._feedback.record(commands, deadline)

    @translated(StateUnavailable, "the data in state.db")
    def seed(self, events: Sequence[LoggedEvent], deadline: Deadline | None = None) -> int:
        """Implement the port; see ``bulk.seed``."""
        return bulk.seed(self._database, self._arrivals, events, deadline)

    def log(self, after: str | None = None) -> SqliteEventLog:
        """Return the whole log by person, time and arrival, read lazily."""
        return SqliteEventLog(self._database, after)

    @translated(StateUnavailable, "the data in state.db")
    def erased(self) -> frozenset[str]:
        """Implement the port. Raises StateUnavailable."""
        with self._database.reading(self._deadline()) as connection:
            return frozenset(mark for (mark,) in connection.execute("SELECT mark FROM erased"))

    @translated(StateUnavailable, "the data in state.db")
    def export(self, user_id: str) -> UserExport | None:
        """Implement the port. Raises StateUnavailable."""
        with self._database.reading(self._deadline()) as connection:
            connection.execute("BEGIN")
            profile = find_profile(connection, user_id)
            events = tuple(logged_events_of(connection, user_id))
            count = "SELECT count(*) FROM cache WHERE user_id = ? AND expires_at > ?"
            cached = int(connection.execute(count, (user_id, self._now_s())).fetchone()[0])
        if not (profile.revision or events or cached):
            return None
        return UserExport(profile, events, cached)

    @translated(StateUnavailable, "the data in state.db")
    def erase(self, user_id: str) -> bool:
        """Implement the port; works for a damaged row, too. Expired rows do not count as stored. Remains in the files
        are removed, see :class:`Traces`.
        """
        with self._database.writing(self._deadline()) as connection:
            delete = "DELETE FROM cache WHERE user_id = ? RETURNING expires_at"
            cached = connection.execute(delete, (user_id,)).fetchall()
            connection.execute("DELETE FROM idempotency WHERE user_id = ?", (user_id,))
            events = connection.execute("DELETE FROM events WHERE user_id = ?", (user_id,)).rowcount
            people = connection.execute("DELETE FROM people WHERE user_id = ?", (user_id,)).rowcount
            mark = (mark_of(user_id), self._database.clock.now_ms())
            connection.execute("INSERT OR REPLACE INTO erased (mark, erased_at) VALUES (?, ?)", mark)
        self._traces.remove(user_id)
        return bool(events or people or any(expires_at > self._now_s() for (expires_at,) in cached))

    @translated(StateUnavailable, "the data in state.db")
    def ping(self, deadline: Deadline) -> None:
        """Implement the port."""
        with self._database.reading(deadline) as connection:
            connection.execute("SELECT 1 FROM people LIMIT 1").fetchone()
        self._traces.retry()

    def close(self) -> None:
        """Remove remains of erasures, and close the database, which ``SqliteKeys`` and ``SqliteQuota`` share."""
        self._traces.finish()
        self._database.close()

    def _now_s(self) -> int:
        return self._database.clock.now_ms() // 1_000

    def _deadline(self) -> Deadline:
        return Deadline.within(self._database.clock, WAIT_S)


def _owner_of(key: CacheKey) -> str:
    return f"rec#{key.user_id or ''}"


class Traces:
    """Copies left by erasures of this process. Thread-safe; never raises if the store is busy."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_log = False
        self._ids: set[bytes] = set()
        self._again_at = 0.0

    def remove(self, user_id: str) -> None:
        """Remove the copies of a person who has just been erased, now or, if the store is busy, later."""
        self._in_log = True
        if len(encoded := user_id.encode()) >= SHORTEST_SEARCHED:
            self._ids.add(encoded)
        self._warn(self._remove(READERS_WAIT_S, LARGEST_AT_ONCE))

    def retry(self) -> None:
        """Retry pending removals without waiting; free if there are none."""
        if self._in_log and self._database.clock.monotonic() >= self._again_at:
            self._remove(0, LARGEST_AT_ONCE)

    def finish(self) -> None:
        """Make a last attempt before the store is closed, whatever the file's size."""
        if self._in_log or self._ids:
            self._warn(self._remove(READERS_WAIT_S, None))

    def _remove(self, wait_s: float, largest: int | None) -> str | None:
        """Return why copies remain, None if they do not; ``largest``: maximum file size in bytes to rewrite."""
        self._again_at = self._database.clock.monotonic() + RETRY_S
        try:
            with self._database.maintaining(Deadline.within(self._database.clock, wait_s)) as raw:
                ids = frozenset(self._ids)
                self._in_log = not cut_log(raw)
                if not self._in_log and ids and self._may_search(largest):
                    if holds(self._database.path, ids):
                        raw.execute("VACUUM")
                        self._in_log = not cut_log(raw)
                    self._ids -= ids
        except (StateUnavailable, OSError) as error:
            return str(error)
        return "a reader still uses older pages" if self._in_log else None

    def _may_search(self, largest: int | None) -> bool:
        return largest is None or self._database.path.stat().st_size <= largest

    def _warn(self, reason: str | None) -> None:
        if reason is not None:
            _log.warning("%s: copies of erased data remain in the files for now: %s", self._database.path.name, reason)


def holds(path: Path, texts: Collection[bytes]) -> bool:
    """Return whether any of these byte strings occurs in a file. Raises OSError."""
    overlap, tail = max(map(len, texts)) - 1, b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            window = tail + block
            if any(each in window for each in texts):
                return True
            tail = window[-overlap:]
    return False
