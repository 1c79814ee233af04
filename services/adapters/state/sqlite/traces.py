"""What an erasure leaves behind in the files, and getting rid of it.

``secure_delete`` zeroes what is deleted in the pages of ``state.db``. Two kinds of copies stay all the same:

- the write-ahead log holds the pages as they were, until it is folded back and cut to nothing. That has to wait for
  readers of older pages, in any process; if one stays too long it is tried again later;
- a row that SQLite moved when it divided a page may stand in the unallocated space of the old page, too. It is seldom,
  so the file is searched for the id, and only if it is found the whole file is written anew (``VACUUM``).

Source: SQLite documentation, "PRAGMA secure_delete", "PRAGMA wal_checkpoint", "VACUUM"; "Database File Format".
"""

import logging
from collections.abc import Collection
from pathlib import Path

from services.adapters.state.sqlite.connection import Database, cut_log
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline

# How long an erasure waits for readers, and other writers meanwhile for it.
READERS_WAIT_S = 0.25
RETRY_S = 1.0
# What is written anew while requests wait: a second on a slow disk. Larger files are when the program ends.
LARGEST_AT_ONCE = 64_000_000
# Shorter ids are found by chance, in other ids or in numbers.
SHORTEST_SEARCHED = 8
_BLOCK = 1 << 20

_log = logging.getLogger(__name__)


class Traces:
    """The copies that erasures of this process have left. Safe to share by threads; never raises for a busy store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_log = False
        self._ids: set[bytes] = set()
        self._again_at = 0.0

    def remove(self, user_id: str) -> None:
        """Remove those of a person who has just been erased, now if nobody is in the way, else later."""
        self._in_log = True
        if len(searched := user_id.encode()) >= SHORTEST_SEARCHED:
            self._ids.add(searched)
        self._tell(self._remove(READERS_WAIT_S, LARGEST_AT_ONCE))

    def retry(self) -> None:
        """Try again what had to wait, without waiting; nothing to do costs nothing."""
        if self._in_log and self._database.clock.monotonic() >= self._again_at:
            self._remove(0, LARGEST_AT_ONCE)

    def finish(self) -> None:
        """The last try, however large the file: before the store is closed."""
        if self._in_log or self._ids:
            self._tell(self._remove(READERS_WAIT_S, None))

    def _remove(self, wait_s: float, largest: int | None) -> str | None:
        """What is in the way, None if nothing was; ``largest``: bytes of a file that may be written anew."""
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
        return "somebody reads pages from before it" if self._in_log else None

    def _may_search(self, largest: int | None) -> bool:
        return largest is None or self._database.path.stat().st_size <= largest

    def _tell(self, reason: str | None) -> None:
        if reason is not None:
            _log.warning(
                "%s: copies of what was erased stay in the files until later: %s", self._database.path.name, reason
            )


def holds(path: Path, wanted: Collection[bytes]) -> bool:
    """Whether any of these bytes stand anywhere in a file. Raises OSError."""
    overlap, kept = max(map(len, wanted)) - 1, b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            window = kept + block
            if any(each in window for each in wanted):
                return True
            kept = window[-overlap:]
    return False
