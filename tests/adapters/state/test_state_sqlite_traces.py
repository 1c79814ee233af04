"""SQLite: after an erasure no file of the store holds the person's id, whatever was read, written and moved before."""

import logging
import os
import random
import secrets
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.adapters.state.sqlite import traces
from services.adapters.state.sqlite.connection import Database
from services.adapters.state.sqlite.state import SqliteState
from services.adapters.state.sqlite.traces import RETRY_S, holds
from services.recommender.ports import CacheEntry, CacheKey, Deadline
from tests.adapters.state.state_kit import NOON_MS, FakeClock, Store, did, send, sqlite


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    made = sqlite(tmp_path, clock)
    yield made
    made.state.close()


def copies(folder: Path, user_id: str) -> dict[str, int]:
    """How often the id stands in each file of the store; files without it are left out."""
    found = {path.name: path.read_bytes().count(user_id.encode()) for path in sorted(folder.glob("state.db*"))}
    assert "state.db" in found
    return {name: count for name, count in found.items() if count}


def live(store: Store, user_id: str, number: int, rng: random.Random) -> None:
    """Something a person does: an event under an idempotency key, and now and then an answer that is kept."""
    event = did(f"film-{rng.randrange(10_000)}", ts_ms=NOON_MS - rng.randrange(10**9))
    store.record(send(event, user_id, key=f"{number}"))
    if number % 3 == 0:
        key = CacheKey(user_id, f"k{number % 5}")
        entry = CacheEntry(store.revision(user_id), rng.randbytes(rng.randrange(10, 9_000)), store.clock.now_s() + 60)
        store.state.write_cache(key, entry)


@contextmanager
def reader(folder: Path) -> Iterator[sqlite3.Connection]:
    """Somebody in another process who goes on reading what was there when they began."""
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as raw:
        raw.execute("BEGIN")
        raw.execute("SELECT count(*) FROM events").fetchone()
        yield raw


@pytest.mark.parametrize("seed", range(4))
def test_no_file_holds_the_id_of_whoever_was_erased(store: Store, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    people = [f"person-{secrets.token_hex(6)}" for _ in range(25)]
    for number in range(1_500):
        live(store, rng.choice(people), number, rng)
    for user_id in rng.sample(people, 12):
        assert copies(tmp_path, user_id)
        assert store.state.erase(user_id)
        assert copies(tmp_path, user_id) == {}
    with closing(sqlite3.connect(tmp_path / "state.db")) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len({line.user_id for line in store.state.log()}) == 13


def test_a_copy_in_unallocated_space_is_found_and_the_file_written_anew(store: Store, tmp_path: Path) -> None:
    """As SQLite leaves one when it divides a page, which no test can order."""
    ghost, path = "a-name-to-forget", tmp_path / "state.db"
    for number in range(40):
        store.record(send(did(f"film-{number}"), f"person-{number % 4}"))
    store.record(send(did(), ghost))
    store.state.erase("nobody-in-particular")
    content = bytearray(path.read_bytes())
    place = unallocated(content, len(ghost))
    content[place : place + len(ghost)] = ghost.encode()
    with path.open("r+b") as file:
        file.write(content)
    assert store.state.erase(ghost)
    assert copies(tmp_path, ghost) == {}
    assert len(list(store.state.log())) == 40


def unallocated(content: bytearray, size: int) -> int:
    """A place between the cell pointers and the cells of a leaf page (SQLite's file format, "B-tree Pages")."""
    page = int.from_bytes(content[16:18], "big")
    for start in range(page, len(content), page):
        cells = int.from_bytes(content[start + 3 : start + 5], "big")
        first, cell = start + 8 + 2 * cells, start + int.from_bytes(content[start + 5 : start + 7], "big")
        if content[start] in (10, 13) and cell - first > size + 8:
            return first + 8
    raise AssertionError("no page has room")


def test_an_open_reader_does_not_stop_the_erasure_and_the_copies_go_when_it_ends(
    store: Store, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    user_id = "a-name-to-forget"
    store.record(send(did(), user_id))
    with reader(tmp_path) as raw, caplog.at_level(logging.WARNING):
        assert store.state.erase(user_id), "which has not waited for the reader"
        assert store.state.export(user_id) is None
        assert raw.execute("SELECT count(*) FROM events").fetchone() == (1,), "it sees what was there when it began"
        assert copies(tmp_path, user_id)
        clock.tick(RETRY_S)
        store.state.ping(store.deadline())
        assert copies(tmp_path, user_id), "not while it reads"
    (record,) = caplog.records
    assert "copies of erased data remain in the files for now" in record.getMessage()
    assert user_id not in record.getMessage()
    clock.tick(RETRY_S)
    store.state.ping(store.deadline())
    assert copies(tmp_path, user_id) == {}


def test_any_answer_that_is_kept_is_an_occasion_to_try_again(store: Store, tmp_path: Path, clock: FakeClock) -> None:
    store.record(send(did(), "a-name-to-forget"))
    with reader(tmp_path):
        store.state.erase("a-name-to-forget")
    clock.tick(RETRY_S)
    store.state.write_cache(CacheKey(None, "k20"), CacheEntry("", b"{}", clock.now_s() + 60))
    assert copies(tmp_path, "a-name-to-forget") == {}


def test_it_is_not_tried_at_every_occasion(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr(traces, "cut_log", lambda raw: bool(tried.append(raw)))
    store.state.erase("a-name-to-forget")
    for _ in range(5):
        store.state.ping(store.deadline())
    assert len(tried) == 1


def test_what_had_to_wait_is_done_when_the_store_is_closed(store: Store, tmp_path: Path) -> None:
    store.record(send(did(), "a-name-to-forget"))
    with closing(sqlite3.connect(tmp_path / "state.db")) as another:
        another.execute("SELECT count(*) FROM people").fetchone()
        with reader(tmp_path):
            store.state.erase("a-name-to-forget")
        assert copies(tmp_path, "a-name-to-forget")
        store.state.close()
        assert copies(tmp_path, "a-name-to-forget") == {}, "though another process keeps the log"


def test_what_a_killed_process_left_in_the_log_goes_when_the_store_is_opened(store: Store, tmp_path: Path) -> None:
    """The files as they are in the moment of the kill: erased, and nothing removed."""
    store.record(send(did(), "a-name-to-forget"))
    left = tmp_path / "left"
    left.mkdir()
    with reader(tmp_path):
        store.state.erase("a-name-to-forget")
        for path in tmp_path.glob("state.db*"):
            (left / path.name).write_bytes(path.read_bytes())
    assert copies(left, "a-name-to-forget")
    again = Database(left / "state.db", FakeClock())
    assert copies(left, "a-name-to-forget") == {}
    again.close()


def test_a_large_file_is_written_anew_only_when_the_store_is_closed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "LARGEST_AT_ONCE", 1)
    searched = []
    monkeypatch.setattr(traces, "holds", lambda path, ids: bool(searched.append(ids)))
    store.record(send(did(), "a-name-to-forget"))
    store.state.erase("a-name-to-forget")
    assert searched == []
    store.state.close()
    assert searched == [{b"a-name-to-forget"}]


def test_a_short_id_is_no_reason_to_write_the_file_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    searched = []
    monkeypatch.setattr(traces, "holds", lambda path, ids: bool(searched.append(ids)))
    store.state.erase("36")
    store.state.erase("no-short-id")
    assert searched == [{b"no-short-id"}]


def test_erasures_in_many_threads_leave_nothing(store: Store, tmp_path: Path) -> None:
    people = [f"person-{secrets.token_hex(6)}" for _ in range(12)]
    rng = random.Random(1)
    for number in range(300):
        live(store, rng.choice(people), number, rng)
    threads = [threading.Thread(target=store.state.erase, args=(each,)) for each in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.state.close()
    assert [copies(tmp_path, each) for each in people] == [{}] * 12


@given(at=st.integers(-24, 8), size=st.integers(8, 20))
@settings(max_examples=40)
def test_bytes_are_found_wherever_they_stand(tmp_path_factory: pytest.TempPathFactory, at: int, size: int) -> None:
    """Also across two of the blocks that are read."""
    path, wanted = tmp_path_factory.getbasetemp() / "haystack", b"x" * size
    path.write_bytes(bytes(traces._BLOCK + at) + wanted + bytes(5))
    assert holds(path, {wanted, b"something else"})
    assert not holds(path, {wanted + b"x", b"something else"})


def test_only_the_owner_may_read_the_store(tmp_path: Path, clock: FakeClock) -> None:
    before = os.umask(0)
    try:
        database = Database(tmp_path / "home" / "state.db", clock)
        SqliteState(database).record([send(did())], Deadline.within(clock, 1))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "home").iterdir()}
        database.close()
    finally:
        os.umask(before)
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}
