"""API key quotas in SQLite: one row per key, one short transaction per request, without fsync."""

import struct

from services.adapters.foreign import translated
from services.adapters.state.sqlite.database import Database
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline, Quota
from services.recommender.quota_window import COUNTED, Window, admit

QUOTA_WAIT_S = 0.25
_COUNTS = struct.Struct(f">{COUNTED}I")


class SqliteQuota:
    """``QuotaPort`` in ``state.db``, exact over threads and processes, as the write lock comes first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @translated(StateUnavailable, "the data in state.db")
    def admit(self, key_id: str, limit: int, window_s: int, now_ms: int) -> Quota:
        """Implement the port; a limit of 0 means none."""
        if limit <= 0:
            return Quota(True, 0, 0, 0)
        width_ms = Window.width_of(window_s)
        with self._database.writing(Deadline.within(self._database.clock, QUOTA_WAIT_S), durable=False) as connection:
            row = connection.execute(
                "SELECT latest, counts FROM quota WHERE key_id = ? AND width_ms = ?", (key_id, width_ms)
            ).fetchone()
            before = Window(width_ms, row[0], _COUNTS.unpack(row[1])) if row else Window(width_ms)
            after, quota = admit(before, limit, now_ms)
            if quota.allowed:
                connection.execute(
                    "INSERT OR REPLACE INTO quota (key_id, width_ms, latest, counts) VALUES (?, ?, ?, ?)",
                    (key_id, width_ms, after.latest, _COUNTS.pack(*after.counts)),
                )
        return quota
