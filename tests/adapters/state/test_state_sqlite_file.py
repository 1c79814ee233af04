"""SQLite: how the file is set up, how connections are kept, what a commit costs, what is swept away."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.adapters.state.arrival_ids import Arrivals, event_id_of
from services.adapters.state.sqlite.connection import Database
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
    made = Database(tmp_path / "deep" / "er" / "state.db", clock)
    yield made
    made.close()


def within(database: Database, seconds: float = PATIENCE_S) -> Deadline:
    return Deadline.within(database.clock, seconds)


def ask(raw: sqlite3.Connection, question: str) -> int:
    return raw.execute(question).fetchone()[0]


def test_a_new_file_has_the_schema_and_a_write_ahead_log(database: Database) -> None:
    with database.reading(within(database)) as raw:
        assert ask(raw, "PRAGMA user_version") == VERSION
        assert ask(raw, "PRAGMA journal_mode") == "wal"
        assert ask(raw, "PRAGMA secure_delete") == 1
        assert ask(raw, "PRAGMA integrity_check") == "ok"


def test_a_file_that_others_could_read_is_its_owners_alone_once_it_is_opened(
    database: Database, clock: FakeClock
) -> None:
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


def test_opening_again_keeps_what_is_there(database: Database, clock: FakeClock) -> None:
    SqliteState(database).record([send(did())], within(database))
    again = Database(database.path, clock)
    assert len(list(SqliteState(again).log())) == 1
    again.close()


def test_a_file_of_an_older_version_is_brought_up_to_date(tmp_path: Path, clock: FakeClock) -> None:
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
        assert ask(raw, "PRAGMA user_version") == VERSION
    database.close()


def test_many_can_make_the_file_at_once(tmp_path: Path, clock: FakeClock) -> None:
    start = threading.Barrier(8, timeout=PATIENCE_S)

    def make(_: int) -> Database:
        start.wait()
        return Database(tmp_path / "state.db", clock)

    with ThreadPoolExecutor(8) as threads:
        for made in threads.map(make, range(8)):
            made.close()


def test_what_must_last_is_synced_and_the_rest_is_not(database: Database) -> None:
    for durable, level in ((True, FULL), (False, NORMAL), (True, FULL), (True, FULL), (False, NORMAL)):
        with database.writing(within(database), durable) as raw:
            assert ask(raw, "PRAGMA synchronous") == level


def test_the_wait_for_locks_is_what_is_left_of_the_deadline(database: Database) -> None:
    for seconds in (0.25, 0.0, 1.2):
        with database.reading(within(database, seconds)) as raw:
            assert ask(raw, "PRAGMA busy_timeout") == seconds * 1_000
        with database.writing(within(database, seconds)) as raw:
            assert ask(raw, "PRAGMA busy_timeout") == seconds * 1_000


def test_a_second_writer_of_the_process_waits_no_longer_than_its_deadline(database: Database) -> None:
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


def test_connections_of_a_rush_are_closed_again(database: Database) -> None:
    rush = threading.Barrier(20, timeout=PATIENCE_S)
    seen = []

    def read(_: int) -> None:
        with database.reading(within(database)) as raw:
            seen.append(raw)
            rush.wait()

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(read, range(20)))
    still_open = [raw for raw in seen if is_open(raw)]
    assert 1 <= len(still_open) <= 8


def is_open(raw: sqlite3.Connection) -> bool:
    try:
        raw.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


def test_a_connection_in_use_closes_when_it_is_given_back(database: Database) -> None:
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


def test_expired_rows_are_swept_away_a_few_at_a_time(database: Database, clock: FakeClock) -> None:
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
            assert ask(raw, "SELECT count(*) FROM cache") == SWEEP_EVERY + left
            assert ask(raw, "SELECT count(*) FROM idempotency") == 1 + left


def test_arrivals_and_their_ids_rise_also_when_the_clock_is_set_back(clock: FakeClock) -> None:
    arrivals = Arrivals(clock)
    made = []
    for seconds in (0, 0, 1, -5, 0, 10):
        clock.tick(seconds)
        made.append(arrivals.next())
    assert made == sorted(set(made))
    assert max(made) < 2**63
    ids = [event_id_of(arrival) for arrival in made]
    assert ids == sorted(ids)
    assert {len(event_id) for event_id in ids} == {32}


def test_event_ids_are_unique_over_threads_and_over_processes(clock: FakeClock) -> None:
    arrivals, elsewhere = Arrivals(clock), Arrivals(clock)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: event_id_of(arrivals.next()), range(4_000)))
    assert len({*made, event_id_of(elsewhere.next())}) == 4_001


def test_an_erased_person_s_bytes_are_gone_from_the_file(database: Database) -> None:
    state = SqliteState(database)
    state.record([send(did("a-film-nobody-else-saw"), "a-name-to-forget")], within(database))
    assert state.erase("a-name-to-forget")
    state.close()  # folds the write-ahead log back
    assert b"a-name-to-forget" not in database.path.read_bytes()
    assert b"a-film-nobody-else-saw" not in database.path.read_bytes()
