"""Event log, read lazily, so that a large log is never in memory at once."""

from collections.abc import Iterable, Iterator
from typing import Any

from services.adapters.state.sqlite.database import EVENT_COLUMNS, Database, logged_event_of
from services.recommender.ports import Deadline, LoggedEvent

PAGE = 5_000
READ_WAIT_S = 2.0
_PLACE = "user_id, ts_ms, arrived, event_id"
_BEFORE_ALL: tuple[Any, ...] = ("", -1, 0, "")
_AFTER_ALL = 2**63 - 1


class SqliteEventLog(Iterable[LoggedEvent]):
    """Yields by person, then time, then arrival. Each page is a separate read, so that a long export does not block
    checkpoints of the write-ahead log; events stored meanwhile may or may not be included.
    """

    def __init__(self, database: Database, after: str | None = None) -> None:
        self._database = database
        self._start: tuple[Any, ...] = _BEFORE_ALL if after is None else (after, _AFTER_ALL, 0, "")

    def __iter__(self) -> Iterator[LoggedEvent]:
        place = self._start
        while rows := self._page(place):
            yield from (logged_event_of(row[:-4]) for row in rows)
            place = tuple(rows[-1][-4:])

    def _page(self, after: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Return rows of EVENT_COLUMNS with their position in the log."""
        with self._database.reading(self._deadline()) as connection:
            return connection.execute(
                f"SELECT {EVENT_COLUMNS}, {_PLACE} FROM events WHERE ({_PLACE}) > (?, ?, ?, ?)"  # noqa: S608
                f" ORDER BY {_PLACE} LIMIT ?",
                (*after, PAGE),
            ).fetchall()

    def _deadline(self) -> Deadline:
        return Deadline.within(self._database.clock, READ_WAIT_S)
