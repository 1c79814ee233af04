"""SQLite: after an erasure no file of the store contains the person's id."""

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

from services.adapters.state.sqlite import state
from services.adapters.state.sqlite.database import Database
from services.adapters.state.sqlite.state import RETRY_S, SqliteState, holds
from services.recommender.ports import CacheEntry, CacheKey, Deadline
from tests.adapters.state.state_kit import NOON_MS, FakeClock, Store, did, send, sqlite


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = sqlite(tmp_path, clock)
    yield opened
    opened.state.close()


def copies(folder: Path, user_id: str) -> dict[str, int]:
    """The number of occurrences of the id in each file of the store that contains it."""
    counts = {path.name: path.read_bytes().count(user_id.encode()) for path in sorted(folder.glob("state.db*"))}
    assert "state.db" in counts
    return {name: count for name, count in counts.items() if count}


def act(store: Store, user_id: str, number: int, rng: random.Random) -> None:
    """Record an event under an idempotency key, and for every third one a cached answer."""
    event = did(f"film-{rng.randrange(10_000)}", ts_ms=NOON_MS - rng.randrange(10**9))
    store.record(send(event, user_id, key=f"{number}"))
    if number % 3 == 0:
        key = CacheKey(user_id, f"k{number % 5}")
        entry = CacheEntry(store.revision(user_id), rng.randbytes(rng.randrange(10, 9_000)), store.clock.now_s() + 60)
        store.state.write_cache(key, entry)


@contextmanager
def reader(folder: Path) -> Iterator[sqlite3.Connection]:
    """A read transaction, as of another process, that keeps its snapshot open."""
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as raw:
        raw.execute("BEGIN")
        raw.execute("SELECT count(*) FROM events").fetchone()
        yield raw


@pytest.mark.parametrize("seed", range(4))
def test_no_file_contains_the_id_of_an_erased_person(store: Store, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    people = [f"person-{secrets.token_hex(6)}" for _ in range(25)]
    for number in range(1_500):
        act(store, rng.choice(people), number, rng)
    for user_id in rng.sample(people, 12):
        assert copies(tmp_path, user_id)
        assert store.state.erase(user_id)
        assert copies(tmp_path, user_id) == {}
    with closing(sqlite3.connect(tmp_path / "state.db")) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len({logged_event.user_id for logged_event in store.state.log()}) == 13


def test_a_copy_in_unallocated_space_is_found_and_the_file_rewritten(store: Store, tmp_path: Path) -> None:
    """SQLite leaves such copies when it splits a page; a test cannot provoke that, so it writes one itself."""
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
    """An offset between the cell pointers and the cells of a leaf page (SQLite file format, "B-tree Pages")."""
    page = int.from_bytes(content[16:18], "big")
    for start in range(page, len(content), page):
        cells = int.from_bytes(content[start + 3 : start + 5], "big")
        first, cell = start + 8 + 2 * cells, start + int.from_bytes(content[start + 5 : start + 7], "big")
        if content[start] in (10, 13) and cell - first > size + 8:
            return first + 8
    raise AssertionError("no page has room")


def test_an_open_reader_does_not_block_the_erasure_and_copies_are_removed_afterwards(
    store: Store, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    user_id = "a-name-to-forget"
    store.record(send(did(), user_id))
    with reader(tmp_path) as raw, caplog.at_level(logging.WARNING):
        assert store.state.erase(user_id), "the erasure does not wait for the reader"
        assert store.state.export(user_id) is None
        assert raw.execute("SELECT count(*) FROM events").fetchone() == (1,), "the reader still sees its snapshot"
        assert copies(tmp_path, user_id)
        clock.tick(RETRY_S)
        store.state.ping(store.deadline())
        assert copies(tmp_path, user_id), "the reader still holds the log"
    (record,) = caplog.records
    assert "copies of erased data remain in the files for now" in record.getMessage()
    assert user_id not in record.getMessage()
    clock.tick(RETRY_S)
    store.state.ping(store.deadline())
    assert copies(tmp_path, user_id) == {}


def test_a_cache_write_retries_the_removal(store: Store, tmp_path: Path, clock: FakeClock) -> None:
    store.record(send(did(), "a-name-to-forget"))
    with reader(tmp_path):
        store.state.erase("a-name-to-forget")
    clock.tick(RETRY_S)
    store.state.write_cache(CacheKey(None, "k20"), CacheEntry("", b"{}", clock.now_s() + 60))
    assert copies(tmp_path, "a-name-to-forget") == {}


def test_the_removal_is_not_retried_at_every_call(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []
    monkeypatch.setattr(state, "cut_log", lambda raw: bool(attempts.append(raw)))
    store.state.erase("a-name-to-forget")
    for _ in range(5):
        store.state.ping(store.deadline())
    assert len(attempts) == 1


def test_a_deferred_removal_is_done_when_the_store_is_closed(store: Store, tmp_path: Path) -> None:
    store.record(send(did(), "a-name-to-forget"))
    with closing(sqlite3.connect(tmp_path / "state.db")) as another:
        another.execute("SELECT count(*) FROM people").fetchone()
        with reader(tmp_path):
            store.state.erase("a-name-to-forget")
        assert copies(tmp_path, "a-name-to-forget")
        store.state.close()
        assert copies(tmp_path, "a-name-to-forget") == {}, "even if another process has the file open"


def test_copies_left_by_a_killed_process_are_removed_when_the_store_is_opened(store: Store, tmp_path: Path) -> None:
    """The copied files are those of a process killed after the erasure and before the removal of the copies."""
    store.record(send(did(), "a-name-to-forget"))
    folder = tmp_path / "left"
    folder.mkdir()
    with reader(tmp_path):
        store.state.erase("a-name-to-forget")
        for path in tmp_path.glob("state.db*"):
            (folder / path.name).write_bytes(path.read_bytes())
    assert copies(folder, "a-name-to-forget")
    again = Database(folder / "state.db", FakeClock())
    assert copies(folder, "a-name-to-forget") == {}
    again.close()


def test_a_large_file_is_rewritten_only_when_the_store_is_closed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "LARGEST_AT_ONCE", 1)
    searched = []
    monkeypatch.setattr(state, "holds", lambda path, ids: bool(searched.append(ids)))
    store.record(send(did(), "a-name-to-forget"))
    store.state.erase("a-name-to-forget")
    assert searched == []
    store.state.close()
    assert searched == [{b"a-name-to-forget"}]


def test_a_short_id_does_not_cause_a_search_of_the_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    searched = []
    monkeypatch.setattr(state, "holds", lambda path, ids: bool(searched.append(ids)))
    store.state.erase("36")
    store.state.erase("no-short-id")
    assert searched == [{b"no-short-id"}]


def test_erasures_in_many_threads_leave_no_copies(store: Store, tmp_path: Path) -> None:
    people = [f"person-{secrets.token_hex(6)}" for _ in range(12)]
    rng = random.Random(1)
    for number in range(300):
        act(store, rng.choice(people), number, rng)
    threads = [threading.Thread(target=store.state.erase, args=(user_id,)) for user_id in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.state.close()
    assert [copies(tmp_path, user_id) for user_id in people] == [{}] * 12


@given(at=st.integers(-24, 8), size=st.integers(8, 20))
@settings(max_examples=40)
def test_bytes_are_found_at_any_offset(tmp_path_factory: pytest.TempPathFactory, at: int, size: int) -> None:
    """Including across two of the blocks in which the file is read."""
    path, needle = tmp_path_factory.getbasetemp() / "haystack", b"x" * size
    path.write_bytes(bytes(state._BLOCK + at) + needle + bytes(5))
    assert holds(path, {needle, b"something else"})
    assert not holds(path, {needle + b"x", b"something else"})


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
