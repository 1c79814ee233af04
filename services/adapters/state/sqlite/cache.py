"""Response cache: best effort, without fsync, never blocking a request."""

import itertools

from services.adapters.state.sqlite.connection import Database
from services.recommender.errors import StateUnavailable
from services.recommender.ports import CacheEntry, CacheKey, Deadline

SWEEP_EVERY = 200
SWEEP_ROWS = 500

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


class AnswerCache:
    """Writes responses, and occasionally deletes expired rows; reading is part of ``SqliteState.read``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writes = itertools.count(1)

    def write(self, key: CacheKey, entry: CacheEntry, user_id: str | None) -> None:
        """Implement ``StatePort.write_cache``: write if the lock is free at once, else drop the entry."""
        try:
            self._write(key, entry, user_id)
        except StateUnavailable:
            return  # the response is not cached; the next one is recomputed

    def _write(self, key: CacheKey, entry: CacheEntry, user_id: str | None) -> None:
        at_once = Deadline.within(self._database.clock, 0)
        with self._database.writing(at_once, durable=False) as connection:
            connection.execute(_PUT, (key.owner, key.entry, user_id, entry.revision, entry.payload, entry.expires_at))
            if next(self._writes) % SWEEP_EVERY == 0:
                now_ms = self._database.clock.now_ms()
                connection.execute(_SWEEP_CACHE, (now_ms // 1_000, SWEEP_ROWS))
                connection.execute(_SWEEP_KEYS, (now_ms, SWEEP_ROWS))
