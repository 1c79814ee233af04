"""SQLite: setup of the file, the connection pool, durability of commits, removal of expired rows."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.adapters.state.arrival_ids import Arrivals, event_id_of
from services.adapters.state.sqlite.database import Database
from services.adapters.state.sqlite.keys import SqliteKeys
from services.adapters.state.sqlite.schema import _STEPS, VERSION
from services.adapters.state.sqlite.state import SWEEP_EVERY, SWEEP_ROWS, SqliteState
from services.recommender.errors import StateUnavailable
from services.recommender.ports import CacheEntry, CacheKey, Deadline
from tests.adapters.state.state_kit import FakeClock, did, send
from tests.patience import HASTE_S, PATIENCE_S

FULL, NORMAL = 2, 1


@pytest.fixture
def database(tmp_path: Path, clock: FakeClock) -> Iterator[Database]:
    opened = Database(tmp_path / "deep" / "er" / "state.db", clock)
    yield opened
    opened.close()


def within(database: Database, seconds: float = PATIENCE_S) -> Deadline:
    return Deadline.within(database.clock, seconds)


def query_value(raw: sqlite3.Connection, query: str) -> int:
    return raw.execute(query).fetchone()[0]


def test_a_new_file_has_the_schema_and_a_write_ahead_log(database: Database) -> None:
    with database.reading(within(database)) as raw:
        assert query_value(raw, "PRAGMA user_version") == VERSION
        assert query_value(raw, "PRAGMA journal_mode") == "wal"
        assert query_value(raw, "PRAGMA secure_delete") == 1
        assert query_value(raw, "PRAGMA integrity_check") == "ok"


def test_opening_restricts_the_files_to_their_owner(database: Database, clock: FakeClock) -> None:
    SqliteState(database).record([send(did())], within(database))
    files = sorted(database.path.parent.glob("state.db*"))
    assert [path.name for path in files] == ["state.db", "state.db-shm", "state.db-wal"]
    for path in files:
        path.chmod(0o664)
    again = Database(database.path, clock)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    SqliteState(again).record([send(did())], within(database))
    SqliteState(database).record([send(did())], within(database))
    again.close()


def test_reopening_keeps_the_content(database: Database, clock: FakeClock) -> None:
    SqliteState(database).record([send(did())], within(database))
    again = Database(database.path, clock)
    assert len(list(SqliteState(again).log())) == 1
    again.close()


def test_an_older_schema_is_migrated(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "state.db"
    old = sqlite3.connect(path)
    for statement in _STEPS[0].split(";"):
        old.execute(statement)
    old.execute("INSERT INTO api_keys VALUES ('k1', 'shop', 'serve', 0, 60, 0, 1)")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    database = Database(path, clock)
    assert SqliteState(database).erased() == frozenset()
    assert SqliteKeys(database).get("k1") is not None
    with database.reading(within(database)) as raw:
        assert query_value(raw, "PRAGMA user_version") == VERSION
    database.close()


def test_the_file_can_be_created_by_many_threads_at_once(tmp_path: Path, clock: FakeClock) -> None:
    start = threading.Barrier(8, timeout=PATIENCE_S)

    def open_database(_: int) -> Database:
        start.wait()
        return Database(tmp_path / "state.db", clock)

    with ThreadPoolExecutor(8) as threads:
        for database in threads.map(open_database, range(8)):
            database.close()


def test_only_durable_writes_are_synced(database: Database) -> None:
    for durable, level in ((True, FULL), (False, NORMAL), (True, FULL), (True, FULL), (False, NORMAL)):
        with database.writing(within(database), durable) as raw:
            assert query_value(raw, "PRAGMA synchronous") == level


def test_the_busy_timeout_is_the_remaining_time(database: Database) -> None:
    for seconds in (0.25, 0.0, 1.2):
        with database.reading(within(database, seconds)) as raw:
            assert query_value(raw, "PRAGMA busy_timeout") == seconds * 1_000
        with database.writing(within(database, seconds)) as raw:
            assert query_value(raw, "PRAGMA busy_timeout") == seconds * 1_000


def test_a_second_writer_waits_until_its_deadline(database: Database) -> None:
    def write() -> None:
        with database.writing(within(database, HASTE_S)):
            pytest.fail("two writers at once")

    with database.writing(within(database)), ThreadPoolExecutor(1) as threads:
        refused = threads.submit(write).exception()
    assert isinstance(refused, StateUnavailable)
    assert "busy" in str(refused)


def test_one_thread_uses_one_connection(database: Database) -> None:
    used = set()
    for _ in range(5):
        with database.reading(within(database)) as raw:
            used.add(id(raw))
        with database.writing(within(database)) as raw:
            used.add(id(raw))
    assert len(used) == 1


def test_surplus_connections_are_closed(database: Database) -> None:
    rush = threading.Barrier(20, timeout=PATIENCE_S)
    connections = []

    def read(_: int) -> None:
        with database.reading(within(database)) as raw:
            connections.append(raw)
            rush.wait()

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(read, range(20)))
    still_open = [raw for raw in connections if is_open(raw)]
    assert 1 <= len(still_open) <= 8


def is_open(raw: sqlite3.Connection) -> bool:
    try:
        raw.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


def test_a_connection_in_use_is_closed_on_its_return(database: Database) -> None:
    with database.reading(within(database)) as raw:
        database.close()
        assert is_open(raw)
    assert not is_open(raw)
    with pytest.raises(StateUnavailable, match="closed"), database.reading(within(database)):
        pytest.fail("a closed database was read")


def test_a_transaction_left_open_is_rolled_back(database: Database) -> None:
    with database.reading(within(database)) as raw:
        raw.execute("BEGIN")
    with database.reading(within(database)) as raw:
        assert not raw.in_transaction


def test_expired_rows_are_removed_in_small_portions(database: Database, clock: FakeClock) -> None:
    state = SqliteState(database)
    rows = [("rec#", f"old {n}", "", b"", clock.now_s() - 1) for n in range(SWEEP_ROWS + 300)]
    keys = [("s", f"old {n}", "", "", "ann", clock.now_ms() - 1) for n in range(SWEEP_ROWS + 300)]
    with database.writing(within(database)) as raw:
        raw.executemany("INSERT INTO cache (owner, entry, revision, payload, expires_at) VALUES (?, ?, ?, ?, ?)", rows)
        raw.executemany("INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?)", keys)
    state.record([send(did(), key="kept")], within(database))
    for left in (300, 0):
        for number in range(SWEEP_EVERY):
            entry = CacheEntry("", b"{}", clock.now_s() + 60)
            state.write_cache(CacheKey(None, f"new {number}"), entry)
        with database.reading(within(database)) as raw:
            assert query_value(raw, "SELECT count(*) FROM cache") == SWEEP_EVERY + left
            assert query_value(raw, "SELECT count(*) FROM idempotency") == 1 + left


def test_arrival_numbers_and_ids_increase_even_if_the_clock_is_set_back(clock: FakeClock) -> None:
    arrivals = Arrivals(clock)
    drawn = []
    for seconds in (0, 0, 1, -5, 0, 10):
        clock.tick(seconds)
        drawn.append(arrivals.next())
    assert drawn == sorted(set(drawn))
    assert max(drawn) < 2**63
    ids = [event_id_of(arrival) for arrival in drawn]
    assert ids == sorted(ids)
    assert {len(event_id) for event_id in ids} == {32}


def test_event_ids_are_unique_across_threads_and_processes(clock: FakeClock) -> None:
    arrivals, other_process = Arrivals(clock), Arrivals(clock)
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: event_id_of(arrivals.next()), range(4_000)))
    assert len({*ids, event_id_of(other_process.next())}) == 4_001


def test_an_erasure_removes_the_bytes_from_the_file(database: Database) -> None:
    state = SqliteState(database)
    state.record([send(did("a-film-nobody-else-saw"), "a-name-to-forget")], within(database))
    assert state.erase("a-name-to-forget")
    state.close()  # folds the write-ahead log back
    assert b"a-name-to-forget" not in database.path.read_bytes()
    assert b"a-film-nobody-else-saw" not in database.path.read_bytes()
