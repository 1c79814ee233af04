"""SQLite: locked, full, read-only, damaged, foreign or newer files: StateUnavailable, and no partial writes."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.adapters.state.sqlite import quota
from services.adapters.state.sqlite.database import Database
from services.adapters.state.sqlite.keys import SqliteKeys
from services.adapters.state.sqlite.quota import SqliteQuota
from services.adapters.state.sqlite.sentences import SqliteSentences
from services.adapters.state.sqlite.state import SqliteState
from services.bootstrap import SystemClock
from services.recommender.domain.catalogue import hash_id
from services.recommender.errors import StateBusy, StateUnavailable
from services.recommender.ports import ApiKey, CacheEntry, CacheKey, Deadline, Receipt
from tests.adapters.state.state_kit import FakeClock, Store, did, logged, send, sqlite, stored
from tests.patience import HASTE_S, PATIENCE_S, a_moment

KEY = CacheKey("ann", "k20")


class Impaired(Database):
    """A database whose connections are restricted by a pragma."""

    pragma = ""

    def connect(self) -> sqlite3.Connection:
        raw = super().connect()
        raw.execute(self.pragma)
        return raw


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = sqlite(tmp_path, FakeClock())
    yield opened
    opened.state.close()


@contextmanager
def impaired(folder: Path, pragma: str, clock=None) -> Iterator[Store]:
    kind = type("Restricted", (Impaired,), {"pragma": pragma})
    database = kind(folder / "state.db", clock or FakeClock())
    yield Store(
        SqliteState(database), SqliteKeys(database), SqliteQuota(database), SqliteSentences(database), database.clock
    )
    database.close()


@contextmanager
def other_writer(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection, as of another process, that holds the write lock."""
    raw = sqlite3.connect(folder / "state.db", isolation_level=None)
    raw.execute("BEGIN IMMEDIATE")
    yield raw
    raw.rollback()
    raw.close()


def execute(folder: Path, statement: str, *values: object) -> None:
    raw = sqlite3.connect(folder / "state.db", isolation_level=None)
    raw.execute(statement, values)
    raw.close()


def entry(store: Store, revision: str = "") -> CacheEntry:
    return CacheEntry(revision, b"{}", store.clock.now_ms() // 1_000 + 60)


def contents(store: Store) -> tuple:
    return (store.revision("ann"), list(store.state.log()), store.state.export("ann") is None)


def test_a_locked_file_is_unavailable_after_the_deadline(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "QUOTA_WAIT_S", HASTE_S)
    real = sqlite(tmp_path, SystemClock())
    with other_writer(tmp_path):
        with pytest.raises(StateBusy, match="locked by another writer"):
            real.state.record([send(did())], Deadline.within(SystemClock(), HASTE_S))
        with pytest.raises(StateBusy, match="locked"):
            real.quota.admit("k1", 5, 60, 0)
        with pytest.raises(StateBusy, match="locked"):
            real.state.record([send(did())], Deadline.within(SystemClock(), 0))
    assert contents(store) == ("", [], True)
    assert isinstance(real.record(send(did()))[0], Receipt)
    real.state.close()


def test_reads_are_not_blocked_by_a_writer(store: Store, tmp_path: Path) -> None:
    store.record(send(did()))
    with other_writer(tmp_path):
        assert len(store.profile().seen) == 1
        assert len(store.log_of("ann")) == 1
        store.state.ping(store.deadline(0))


def test_a_cache_write_does_not_wait_for_a_lock_and_does_not_raise(store: Store, tmp_path: Path) -> None:
    with other_writer(tmp_path):
        store.state.write_cache(KEY, entry(store))
    assert store.cached(KEY) is None
    store.state.write_cache(KEY, entry(store))
    assert store.cached(KEY) is not None


def test_a_writer_waits_for_the_lock_until_its_deadline(store: Store, tmp_path: Path) -> None:
    real = sqlite(tmp_path, SystemClock())
    with other_writer(tmp_path) as other, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(real.record, send(did()))
        a_moment()
        other.rollback()
        results = waiting.result()
    assert isinstance(results[0], Receipt)
    real.state.close()


def test_a_full_disk_is_unavailable_and_leaves_no_partial_writes(store: Store, tmp_path: Path) -> None:
    store.record(send(did("heat"), "bob"))
    before = (list(store.state.log()), store.revision("bob"))
    many = [send(did(f"film {n}"), key=f"{n}") for n in range(100)]
    with impaired(tmp_path, "PRAGMA max_page_count = 1") as full:
        with pytest.raises(StateUnavailable, match="disk is full"):
            full.record(*many)
        with pytest.raises(StateUnavailable, match="disk is full"):
            full.state.seed([logged(did(f"film {n}"), f"e{n}") for n in range(1_000)])
        full.state.write_cache(KEY, CacheEntry("", bytes(100_000), entry(store).expires_at))
        assert full.cached(KEY) is None
        assert len(full.profile("bob").seen) == 1
    assert (list(store.state.log()), store.revision("bob")) == before
    assert store.revision("ann") == ""
    assert not any(receipt.replayed for receipt in store.record(*many))


def test_each_person_of_a_batch_is_stored_separately(store: Store, tmp_path: Path) -> None:
    fitting = [send(did("heat"), "ann")]
    oversized = [send(did("x" * 200 + str(n)), "bob", via="v" * 200) for n in range(100)]
    with impaired(tmp_path, "PRAGMA max_page_count = 1") as full:
        results = full.record(*oversized[:50], *fitting, *oversized[50:])
    assert isinstance(results[50], Receipt)
    assert {type(result) for place, result in enumerate(results) if place != 50} == {StateUnavailable}
    assert [logged.user_id for logged in store.state.log()] == ["ann"]
    assert store.revision("bob") == ""


def test_a_read_only_file_is_unavailable_for_writes_only(store: Store, tmp_path: Path) -> None:
    store.record(send(did()))
    with impaired(tmp_path, "PRAGMA query_only = ON") as read_only:
        with pytest.raises(StateUnavailable, match="read-only"):
            read_only.record(send(did("up")))
        with pytest.raises(StateUnavailable, match="read-only"):
            read_only.keys.put(ApiKey("k1", "shop"))
        with pytest.raises(StateUnavailable, match="read-only"):
            read_only.state.erase("ann")
        read_only.state.write_cache(KEY, entry(store))
        assert len(read_only.profile().seen) == 1


@pytest.mark.parametrize("column", ["history", "seen", "disliked"])
def test_a_damaged_profile_is_named_by_hash_and_can_be_erased(store: Store, tmp_path: Path, column: str) -> None:
    store.record(send(did(), "ann"), send(did(), "bob"))
    execute(tmp_path, f"UPDATE people SET {column} = x'FFEE' WHERE user_id = 'ann'")
    for call in (store.profile, lambda: store.record(send(did("up"))), lambda: store.state.export("ann")):
        with pytest.raises(StateUnavailable, match=f"{hash_id('ann'):010x}") as caught:
            call()
        assert "ann" not in str(caught.value).replace("can't", "")
    assert len(store.profile("bob").seen) == 1
    mixed = store.record(send(did("up"), "ann"), send(did("up"), "bob"))
    assert [type(result) for result in mixed] == [StateUnavailable, Receipt]
    assert store.state.erase("ann")
    assert store.revision("ann") == ""
    assert isinstance(store.record(send(did("up"), "ann"))[0], Receipt)


def test_seeding_repairs_a_damaged_profile_from_the_log(store: Store, tmp_path: Path) -> None:
    store.record(send(did("heat")))
    execute(tmp_path, "UPDATE people SET history = x'FFEE'")
    store.state.seed([logged(did("up"), "ml-1")])
    assert len(store.profile().seen) == 2


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database at all, but long enough to look at " * 100)
    with pytest.raises(StateUnavailable, match="not a state store"):
        sqlite(tmp_path, FakeClock()).profile()


def test_a_damaged_file_is_unavailable(store: Store, tmp_path: Path) -> None:
    store.state.seed([logged(did(f"film {n}"), f"e{n}", f"p{n % 50}") for n in range(2_000)])
    store.state.close()
    path = tmp_path / "state.db"
    page = 4_096
    whole = path.read_bytes()
    path.write_bytes(whole[:page] + b"\xff" * (len(whole) - page))
    damaged = sqlite(tmp_path, FakeClock())
    for call in (lambda: damaged.profile("p1"), lambda: damaged.record(send(did())), lambda: list(damaged.state.log())):
        with pytest.raises(StateUnavailable, match="is damaged"):
            call()
    damaged.state.write_cache(KEY, entry(store))
    damaged.state.close()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_moved_or_replaced_while_in_use_is_unavailable(store: Store, tmp_path: Path, replaced: bool) -> None:
    store.record(send(did()))
    (tmp_path / "state.db").rename(tmp_path / "aside.db")
    if replaced:
        sqlite(tmp_path, FakeClock()).state.close()
    for call in (lambda: store.record(send(did("up"))), store.profile, lambda: store.state.ping(store.deadline())):
        with pytest.raises(StateUnavailable, match="moved, replaced or deleted while in use; start the program again"):
            call()


def test_a_newer_schema_is_refused(store: Store, tmp_path: Path) -> None:
    store.state.close()
    execute(tmp_path, "PRAGMA user_version = 99")
    with pytest.raises(StateUnavailable, match=r"schema 99.*upgrade"):
        sqlite(tmp_path, FakeClock()).profile()


def test_the_file_of_another_program_is_not_changed(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE people (name TEXT)")
    with pytest.raises(StateUnavailable, match="already exists"):
        sqlite(tmp_path, FakeClock()).profile()
    raw = sqlite3.connect(tmp_path / "state.db")
    assert [name for (name,) in raw.execute("SELECT name FROM sqlite_schema")] == ["people"]
    raw.close()


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StateUnavailable, match="folder"):
        sqlite(tmp_path / "file" / "deeper", FakeClock()).profile()
    (tmp_path / "state.db").mkdir()
    with pytest.raises(StateUnavailable, match="cannot be opened"):
        sqlite(tmp_path, FakeClock()).profile()


def test_a_programming_error_is_not_reported_as_an_outage(store: Store, tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db", FakeClock())
    with pytest.raises(sqlite3.IntegrityError), database.writing(store.deadline()) as raw:
        raw.execute("INSERT INTO people VALUES ('ann', x'', x'', x'', NULL, 0)")
    with pytest.raises(ZeroDivisionError), database.writing(store.deadline()) as raw:
        _ = raw.execute("INSERT INTO people VALUES ('ann', x'01', x'', x'', 'r', 0)").rowcount / 0
    assert store.revision("ann") == ""
    database.close()


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_deleted_write_ahead_log_is_unavailable_and_loses_no_event(store: Store, tmp_path: Path, suffix: str) -> None:
    stored(store.record(send(did("heat"))))
    (tmp_path / f"state.db{suffix}").unlink()
    for _ in range(2):
        with pytest.raises(StateUnavailable, match="deleted while in use"):
            store.record(send(did("up")))
    with pytest.raises(StateUnavailable, match="deleted while in use"):
        store.profile()
    # As after kill -9: only the main file is left.
    copy = tmp_path / "copy.db"
    copy.write_bytes((tmp_path / "state.db").read_bytes())
    again = SqliteState(Database(copy, store.clock))
    assert [logged_event.event.item_id for logged_event in again.log()] == ["heat"]
    again.close()


def test_a_store_that_becomes_available_later_is_used(tmp_path: Path) -> None:
    clock = FakeClock()
    (tmp_path / "home").write_text("not a folder")
    state = SqliteState(Database(tmp_path / "home" / "state.db", clock))
    deadline = Deadline.within(clock, PATIENCE_S)
    with pytest.raises(StateUnavailable, match="its folder cannot be created"):
        state.read("ann", None, deadline)
    (tmp_path / "home").unlink()
    assert not isinstance(state.record([send(did("heat"))], deadline)[0], Exception)
    assert state.read("ann", None, deadline)[0] is not None
    state.close()
