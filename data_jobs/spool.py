"""Read a long log so that an interrupted build can resume.

Events read are kept in a file, one JSON line each, until the log has been read to its end; then the file is deleted.
The last person in it may be incomplete and is read again. People erased since are skipped, so that the file does not
bring them back; their later events come with the next build.
"""

import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TextIO

from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.profile import mark_of
from services.recommender.ports import LoggedEvent

# An older file is not resumed: people's events since then would be missing.
GOOD_FOR_S = 24 * 3_600


class SpooledLog(Iterable[LoggedEvent]):
    """A log whose reading can resume. ``read(after)`` yields it from the person after this one (None: from the start),
    person by person. ``erased``: marks of erased people.
    """

    def __init__(
        self, read: Callable[[str | None], Iterable[LoggedEvent]], path: Path, erased: Collection[str] = ()
    ) -> None:
        self._read = read
        self._path = path
        self._erased = erased

    def __iter__(self) -> Iterator[LoggedEvent]:
        events = list(self._whole_people())
        after = events[-1].user_id if events else None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._rewrite(events)
        yield from (logged_event for logged_event in events if mark_of(logged_event.user_id) not in self._erased)
        with _private(self._path, os.O_APPEND) as spool:
            for logged_event in self._read(after):
                spool.write(_dump(logged_event))
                yield logged_event
        self._path.unlink()

    def _whole_people(self) -> Iterator[LoggedEvent]:
        """Yield the file's events except those of its last person; nothing if it is too old."""
        if not self._path.is_file() or time.time() - self._path.stat().st_mtime > GOOD_FOR_S:
            return
        person: list[LoggedEvent] = []
        with self._path.open(encoding="utf-8") as spool:
            for text in spool:
                if not text.endswith("\n"):
                    break  # truncated when the process was stopped
                logged_event = _load(text)
                if person and logged_event.user_id != person[0].user_id:
                    yield from person
                    person = []
                person.append(logged_event)

    def _rewrite(self, events: Iterable[LoggedEvent]) -> None:
        partial = self._path.with_suffix(".partial")
        with _private(partial, os.O_TRUNC) as spool:
            spool.writelines(map(_dump, events))
        partial.replace(self._path)


def _private(path: Path, how: int) -> TextIO:
    """Open a file for writing that only this user may read: it holds people's events."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "w", encoding="utf-8")


def _dump(logged_event: LoggedEvent) -> str:
    event = logged_event.event
    values = [logged_event.event_id, logged_event.user_id, event.item_id, int(event.kind), event.value, event.ts_ms]
    return json.dumps([*values, logged_event.recommendation_id]) + "\n"


def _load(text: str) -> LoggedEvent:
    event_id, user_id, item_id, kind, value, ts_ms, recommendation_id = json.loads(text)
    return LoggedEvent(event_id, user_id, Event(item_id, EventKind(kind), value, ts_ms), recommendation_id)
