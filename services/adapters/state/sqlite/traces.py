"""Removal of what an erasure leaves in the files.

``secure_delete`` zeroes deleted data in the pages of ``state.db``. Two kinds of copies may remain:

- the write-ahead log holds old pages until it is checkpointed and truncated. That waits for readers of older pages, in
  any process; if one takes too long, it is retried later;
- a row that SQLite moved when it split a page may remain in the old page's unallocated space. That is rare, so the file
  is searched for the id, and only if found the whole file is rewritten (``VACUUM``).

Source: SQLite documentation, "PRAGMA secure_delete", "PRAGMA wal_checkpoint", "VACUUM"; "Database File Format".
"""

import logging
from collections.abc import Collection
from pathlib import Path

from services.adapters.state.sqlite.database import Database, cut_log
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline

# How long an erasure waits for readers, and other writers for it.
READERS_WAIT_S = 0.25
RETRY_S = 1.0
# Maximum size to rewrite while requests wait, a second on a slow disk. Larger files are rewritten on shutdown.
LARGEST_AT_ONCE = 64_000_000
# Shorter ids are found by chance, in other ids or in numbers.
SHORTEST_SEARCHED = 8
_BLOCK = 1 << 20

_log = logging.getLogger(__name__)


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
        if len(searched := user_id.encode()) >= SHORTEST_SEARCHED:
            self._ids.add(searched)
        self._tell(self._remove(READERS_WAIT_S, LARGEST_AT_ONCE))

    def retry(self) -> None:
        """Retry pending removals without waiting; free if there are none."""
        if self._in_log and self._database.clock.monotonic() >= self._again_at:
            self._remove(0, LARGEST_AT_ONCE)

    def finish(self) -> None:
        """Make a last attempt before the store is closed, whatever the file's size."""
        if self._in_log or self._ids:
            self._tell(self._remove(READERS_WAIT_S, None))

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

    def _tell(self, reason: str | None) -> None:
        if reason is not None:
            _log.warning("%s: copies of erased data remain in the files for now: %s", self._database.path.name, reason)


def holds(path: Path, texts: Collection[bytes]) -> bool:
    """Return whether any of these byte strings occurs in a file. Raises OSError."""
    overlap, kept = max(map(len, texts)) - 1, b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            window = kept + block
            if any(each in window for each in texts):
                return True
            kept = window[-overlap:]
    return False
