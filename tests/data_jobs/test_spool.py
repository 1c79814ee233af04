import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_jobs.spool import GOOD_FOR_S, SpooledLog
from services.recommender.domain.events import Event, EventKind
from services.recommender.domain.profile import mark_of
from services.recommender.ports import LoggedEvent

LOG = [
    LoggedEvent(f"e{person}{turn}", f"p{person} \n√", Event(f"f{turn}", EventKind.RATING, 4.5, 1_000 + turn), via)
    for person in range(5)
    for turn, via in enumerate((None, "r-1", None))
]


class Source:
    """A log that breaks off after so many lines, and tells from where it was read."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.breaks_after = breaks_after
        self.asked: list[str | None] = []

    def __call__(self, after: str | None) -> Iterator[LoggedEvent]:
        self.asked.append(after)
        start = 0 if after is None else max(n for n, line in enumerate(LOG) if line.user_id == after) + 1
        for number, line in enumerate(LOG[start:]):
            if number == self.breaks_after:
                raise ConnectionError("stopped")
            yield line


def broken_off(path: Path, after: int) -> None:
    with pytest.raises(ConnectionError):
        list(SpooledLog(Source(after), path))


def test_a_log_that_is_read_to_its_end_leaves_no_file(tmp_path: Path) -> None:
    source, path = Source(), tmp_path / "cache" / "log.spool"
    assert list(SpooledLog(source, path)) == LOG
    assert source.asked == [None]
    assert not path.exists()
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("after", range(len(LOG)))
def test_one_that_was_stopped_anywhere_goes_on_with_the_person_it_was_at(tmp_path: Path, after: int) -> None:
    path = tmp_path / "log.spool"
    broken_off(path, after)
    source = Source()
    assert list(SpooledLog(source, path)) == LOG
    whole = max(after - 1, 0) // 3
    assert source.asked == [LOG[3 * whole - 1].user_id if whole else None]
    assert not path.exists()


def test_it_may_be_stopped_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "log.spool"
    for _ in range(4):
        broken_off(path, 4)
    assert list(SpooledLog(Source(), path)) == LOG


def test_a_line_that_was_torn_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "log.spool"
    broken_off(path, 8)
    path.write_bytes(path.read_bytes()[:-7])
    assert list(SpooledLog(Source(), path)) == LOG


def test_who_was_erased_meanwhile_does_not_come_back_by_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.spool"
    broken_off(path, 8)
    gone = LOG[0].user_id
    found = list(SpooledLog(Source(), path, {mark_of(gone)}))
    assert found == [line for line in LOG if line.user_id != gone]


def test_an_old_file_is_not_gone_on_with(tmp_path: Path) -> None:
    path, source = tmp_path / "log.spool", Source()
    broken_off(path, 8)
    long_ago = time.time() - GOOD_FOR_S - 60
    os.utime(path, (long_ago, long_ago))
    assert list(SpooledLog(source, path)) == LOG
    assert source.asked == [None]


def test_nobody_else_on_the_machine_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "log.spool"
    broken_off(path, 8)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
