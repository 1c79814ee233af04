"""A real `marquee serve`: started, measured and stopped."""

import json
import os
import threading
import time

import pytest

from data_jobs.bench.mix import get, post
from data_jobs.bench.server import RunningServer, cpu_clock
from data_jobs.bench.world import World, find_bundle
from data_jobs.report import Silent
from services.adapters.bundle.local import LocalBundles
from services.recommender.errors import Unavailable


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("served")
    built = find_bundle(home, World(), Silent())
    (home / "bundles").symlink_to(built.parent, target_is_directory=True)
    LocalBundles(home).activate(built.name)
    return home


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def fail_in_the_middle():
    raise ZeroDivisionError


def test_it_serves_from_its_home_and_is_stopped_afterwards(home):
    with RunningServer(home) as server:
        assert server.started_s > 0
        with server.connect() as connection:
            status, body = connection.ask(post("/recommend", {"k": 3}))
            assert status == 200
            assert len(json.loads(body)["items"]) == 3
        pid = server.pid
    assert not is_running(pid)
    assert (home / "state.db").exists()


def test_it_is_stopped_when_the_block_fails(home):
    server = RunningServer(home)
    with pytest.raises(ZeroDivisionError), server:
        fail_in_the_middle()
    assert not is_running(server.pid)


def test_cpu_time_grows_with_work_and_memory_is_measured(home):
    with RunningServer(home) as server, server.connect() as connection:
        before = server.cpu_s()
        for _ in range(60):
            connection.ask(post("/recommend", {"k": 100, "explain": True}))
        after = server.cpu_s()
        memory = server.memory_mb()
    if before is None or after is None:
        pytest.skip("no /proc here")
    assert after > before
    assert 10 < memory["rss"] <= memory["peak"] < 2_000
    assert memory["mapped"] < memory["rss"]


def test_an_ended_process_has_no_figures(home):
    with RunningServer(home) as server:
        pass
    assert server.cpu_s() is None
    assert server.memory_mb() == {}


def test_cpu_time_includes_all_threads_even_ended_ones():
    if (clock := cpu_clock(os.getpid())) is None:
        pytest.skip("the system has no clock of a process")
    before, own = time.clock_gettime_ns(clock), time.thread_time_ns()
    worker = threading.Thread(target=lambda: sum(range(3_000_000)))
    worker.start()
    worker.join()
    by_process, by_this_thread = time.clock_gettime_ns(clock) - before, time.thread_time_ns() - own
    assert by_process > 2 * by_this_thread


def test_an_unknown_process_has_no_clock():
    assert cpu_clock(2**22 + 1) is None


def test_the_server_gets_the_settings_of_the_bench_but_not_the_developers(home, monkeypatch):
    monkeypatch.setenv("API_KEYS", "on")
    monkeypatch.setenv("API_KEY_PEPPER", "a secret of sufficient length")
    with RunningServer(home) as server, server.connect() as connection:
        assert connection.ask(get("/films?q=the"))[0] == 200
    keys = {"API_KEYS": "on", "API_KEY_PEPPER": "a secret of sufficient length"}
    with RunningServer(home, keys) as server, server.connect() as connection:
        assert connection.ask(get("/films?q=the"))[0] == 401


def test_without_a_bundle_the_error_shows_the_reason(tmp_path):
    with pytest.raises(Unavailable, match=r"the server exited with code 3: .*marquee build"), RunningServer(tmp_path):
        pass
