import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_jobs.spool import GOOD_FOR_S, SpooledLog
from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.profile import mark_of
from services.recommender.ports import LoggedEvent

LOG = [
    LoggedEvent(f"e{person}{turn}", f"p{person} \n√", Event(f"f{turn}", EventKind.RATING, 4.5, 1_000 + turn), via)
    for person in range(5)
    for turn, via in enumerate((None, "r-1", None))
]


class Source:
    """A log that fails after ``breaks_after`` lines and records the person after whom each reading began."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.breaks_after = breaks_after
        self.starts: list[str | None] = []

    def __call__(self, after: str | None) -> Iterator[LoggedEvent]:
        self.starts.append(after)
        start = 0 if after is None else max(n for n, line in enumerate(LOG) if line.user_id == after) + 1
        for number, line in enumerate(LOG[start:]):
            if number == self.breaks_after:
                raise ConnectionError("stopped")
            yield line


def interrupt(path: Path, after: int) -> None:
    with pytest.raises(ConnectionError):
        list(SpooledLog(Source(after), path))


def test_a_log_that_is_read_to_its_end_leaves_no_file(tmp_path: Path) -> None:
    source, path = Source(), tmp_path / "cache" / "log.spool"
    assert list(SpooledLog(source, path)) == LOG
    assert source.starts == [None]
    assert not path.exists()
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("after", range(len(LOG)))
def test_an_interrupted_read_resumes_with_the_person_it_stopped_at(tmp_path: Path, after: int) -> None:
    path = tmp_path / "log.spool"
    interrupt(path, after)
    source = Source()
    assert list(SpooledLog(source, path)) == LOG
    whole = max(after - 1, 0) // 3
    assert source.starts == [LOG[3 * whole - 1].user_id if whole else None]
    assert not path.exists()


def test_a_read_may_be_interrupted_repeatedly(tmp_path: Path) -> None:
    path = tmp_path / "log.spool"
    for _ in range(4):
        interrupt(path, 4)
    assert list(SpooledLog(Source(), path)) == LOG


def test_a_truncated_line_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "log.spool"
    interrupt(path, 8)
    path.write_bytes(path.read_bytes()[:-7])
    assert list(SpooledLog(Source(), path)) == LOG


def test_people_erased_meanwhile_do_not_come_back_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.spool"
    interrupt(path, 8)
    erased = LOG[0].user_id
    lines = list(SpooledLog(Source(), path, {mark_of(erased)}))
    assert lines == [line for line in LOG if line.user_id != erased]


def test_an_old_file_is_not_resumed(tmp_path: Path) -> None:
    path, source = tmp_path / "log.spool", Source()
    interrupt(path, 8)
    long_ago = time.time() - GOOD_FOR_S - 60
    os.utime(path, (long_ago, long_ago))
    assert list(SpooledLog(source, path)) == LOG
    assert source.starts == [None]


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.spool"
    interrupt(path, 8)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
