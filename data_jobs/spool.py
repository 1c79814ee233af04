"""Reading a long log so that a build that was stopped goes on where it was.

What was read is kept in a file, a JSON line an event, until the log has been read to its end; then the file goes. The
last person in it may be there in part and is read again. Whoever has been erased by now is passed over, so that
nobody comes back by the file; what they did since is in the next build.
"""

import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TextIO

from services.recommender.domain.events import Event, EventKind
from services.recommender.domain.ids import mark_of
from services.recommender.ports import LoggedEvent

# An older file is not gone on with: what people did since would be missing.
GOOD_FOR_S = 24 * 3_600


class SpooledLog(Iterable[LoggedEvent]):
    """``read(after)``: the log from whoever follows a person on, the whole of it for None, a person at a time.
    ``erased``: marks of the erased.
    """

    def __init__(
        self, read: Callable[[str | None], Iterable[LoggedEvent]], path: Path, erased: Collection[str] = ()
    ) -> None:
        self._read = read
        self._path = path
        self._erased = erased

    def __iter__(self) -> Iterator[LoggedEvent]:
        kept = list(self._whole_people())
        after = kept[-1].user_id if kept else None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._rewrite(kept)
        yield from (line for line in kept if mark_of(line.user_id) not in self._erased)
        with _private(self._path, os.O_APPEND) as spool:
            for line in self._read(after):
                spool.write(_dump(line))
                yield line
        self._path.unlink()

    def _whole_people(self) -> Iterator[LoggedEvent]:
        """What is in the file but for the last person in it; nothing if it is too old."""
        if not self._path.is_file() or time.time() - self._path.stat().st_mtime > GOOD_FOR_S:
            return
        person: list[LoggedEvent] = []
        with self._path.open(encoding="utf-8") as spool:
            for text in spool:
                if not text.endswith("\n"):
                    break  # torn when the process was stopped
                line = _load(text)
                if person and line.user_id != person[0].user_id:
                    yield from person
                    person = []
                person.append(line)

    def _rewrite(self, lines: Iterable[LoggedEvent]) -> None:
        partial = self._path.with_suffix(".partial")
        with _private(partial, os.O_TRUNC) as spool:
            spool.writelines(map(_dump, lines))
        partial.replace(self._path)


def _private(path: Path, how: int) -> TextIO:
    """A file to write to, made so that nobody else on the machine may read it: it holds what people did."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "w", encoding="utf-8")


def _dump(line: LoggedEvent) -> str:
    event = line.event
    values = [line.event_id, line.user_id, event.item_id, int(event.kind), event.value, event.ts_ms]
    return json.dumps([*values, line.recommendation_id]) + "\n"


def _load(text: str) -> LoggedEvent:
    event_id, user_id, item_id, kind, value, ts_ms, recommendation_id = json.loads(text)
    return LoggedEvent(event_id, user_id, Event(item_id, EventKind(kind), value, ts_ms), recommendation_id)
