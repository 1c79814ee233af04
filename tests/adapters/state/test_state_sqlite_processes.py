"""SQLite: several processes on one file, and its content after one of them is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.profile import replay
from tests.adapters.state.state_kit import FakeClock, Store, sqlite

WRITER = Path(__file__).with_name("state_writer.py")
FOREVER = 10**6


def writer(folder: Path, person: str, events: int, *more: int) -> subprocess.Popen:
    arguments = [sys.executable, str(WRITER), str(folder / "state.db"), person, str(events), *map(str, more)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)


def acknowledged(process: subprocess.Popen) -> list[str]:
    """The complete ids that the process printed; a kill can truncate the last line."""
    with process:
        out = process.stdout.read()
    return [line for line in out.split("\n")[:-1] if not line.startswith("unavailable")]


def assert_profile_is_its_log(store: Store, person: str) -> None:
    expected = replay(person, [logged_event.event for logged_event in store.log_of(person)])
    assert store.profile(person).history == expected.history
    assert store.profile(person).seen.tolist() == expected.seen.tolist()


def test_concurrent_processes_lose_no_event(tmp_path: Path) -> None:
    processes = [writer(tmp_path, "ann", 60), writer(tmp_path, "ann", 60), writer(tmp_path, "bob", 60)]
    ids = [acknowledged(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    store = sqlite(tmp_path, FakeClock())
    # Two processes send the same keys for ann: the first stores, the second gets the replay.
    assert ids[0] == ids[1]
    assert sorted(logged_event.event_id for logged_event in store.log_of("ann")) == sorted(ids[0])
    assert sorted(logged_event.event_id for logged_event in store.log_of("bob")) == sorted(ids[2])
    assert len(store.profile("ann").seen) == 60
    store.state.close()


@pytest.mark.parametrize("after", [1, 20, 45])
def test_acknowledged_events_survive_a_kill_exactly_once(tmp_path: Path, after: int) -> None:
    process = writer(tmp_path, "ann", FOREVER)
    printed = [process.stdout.readline().strip() for _ in range(after)]
    process.kill()
    ids = printed + acknowledged(process)
    store = sqlite(tmp_path, FakeClock())
    logged = [logged_event.event_id for logged_event in store.log_of("ann")]
    assert len(logged) == len(set(logged))
    assert set(ids) <= set(logged)
    assert len(logged) - len(ids) <= 1  # stored, but killed before it printed the id
    assert_profile_is_its_log(store, "ann")
    again = writer(tmp_path, "ann", len(ids))
    assert acknowledged(again) == ids  # the retry is a replay
    store.state.close()


def test_a_file_that_cannot_grow_keeps_the_acknowledged_events(tmp_path: Path) -> None:
    sqlite(tmp_path, FakeClock()).state.close()
    process = writer(tmp_path, "ann", FOREVER, 1 << 20)
    ids = acknowledged(process)
    assert process.returncode == 3
    assert len(ids) > 10
    store = sqlite(tmp_path, FakeClock())
    assert [logged_event.event_id for logged_event in store.log_of("ann")] == ids
    assert_profile_is_its_log(store, "ann")
    assert hash_id(f"ann-{len(ids)}") not in store.profile("ann").seen.tolist()
    store.state.close()
