"""Workers that die: others take their place, and where none can the server ends rather than hold a dead port."""

import os
import signal
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2

from tests.e2e.kit import Served, bundles, marquee
from tests.e2e.shares import shares_of, worker_of_each, workers_of
from tests.patience import PATIENCE_S, wait_for

LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connected(server: Served) -> socket.socket:
    """A connection that has been answered once."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    made = socket.create_connection((host, int(port)), PATIENCE_S)
    made.sendall(LIVE)
    assert made.recv(1_000).startswith(b"HTTP/1.1 200 ")
    return made


def shares(server: Served, connections: list[socket.socket]) -> list[int]:
    return shares_of(server, [each.getsockname()[1] for each in connections])


def test_eight_connections_are_shared_out_evenly_also_when_some_have_come_and_gone(home: Path) -> None:
    with Served(home, "--workers", "2") as server, ExitStack() as stack:
        held = [stack.enter_context(connected(server)) for _ in range(8)]
        assert shares(server, held) == [4, 4]
        of = worker_of_each(server, [each.getsockname()[1] for each in held])
        busy = workers_of(server)[0]
        gone = [each for each in held if of[each.getsockname()[1]] == busy][:3]
        for each in gone:
            each.close()
        held = [each for each in held if each not in gone]
        # A worker tells of it a moment later.
        wait_for(lambda: shares(server, held) == [1, 4], "three to be gone")
        assert server.client.get("/health/live").status_code == 200
        server.client.close()
        held += [stack.enter_context(connected(server)) for _ in range(3)]
        assert shares(server, held) == [4, 4]
        assert server.stop() == 0


def test_workers_end_with_their_supervisor_and_leave_no_port(home: Path) -> None:
    with Served(home, "--workers", "2") as server:
        workers = workers_of(server)
        os.kill(server.process.pid, signal.SIGKILL)
        wait_for(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers), "the workers to end")


def test_fresh_workers_take_over_on_sighup(home: Path) -> None:
    with Served(home, "--workers", "2") as server:
        before = workers_of(server)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(workers_of(server)) == 2 and not set(workers_of(server)) & set(before), "fresh workers")
        assert server.recommend(k=1)["items"]
        assert server.stop() == 0


def test_a_worker_that_is_killed_is_replaced(home: Path) -> None:
    with Served(home, "--workers", "2") as server:
        before = workers_of(server)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda: len(set(workers_of(server)) - {before[0]}) == 2, "another worker")
        wait_for(lambda: "a worker died" in server.said, "a word of it")
        assert server.recommend(k=1)["items"]
        assert server.stop() == 0


def cut_short(home: Path) -> None:
    (version,) = bundles(home)
    for path in (home / "bundles" / version).glob("*.npy"):
        os.truncate(path, 0)


def ask_until_it_ends(server: Served) -> None:
    while server.process.poll() is None:
        with suppress(httpx2.HTTPError), httpx2.Client(base_url=server.url, timeout=PATIENCE_S) as client:
            client.post("/recommend", json={"user_id": "ann", "k": 5})


def is_free(server: Served) -> bool:
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", int(server.url.rpartition(":")[2])))
    return True


def test_files_that_are_cut_short_under_one_worker_end_it_and_the_log_says_of_what(home: Path) -> None:
    with Served(home) as server:
        cut_short(home)
        ask_until_it_ends(server)
        assert server.process.returncode == -signal.SIGBUS, server.said
        assert "Bus error" in server.said
        assert is_free(server)
    refused = marquee(home, "serve", "--port", "0")
    assert refused.returncode == 3
    assert ".npy" in refused.stderr


def test_files_that_are_cut_short_under_it_leave_no_dead_port(home: Path) -> None:
    """A page beyond the end of a mapped file is a SIGBUS."""
    with Served(home, "--workers", "2") as server:
        cut_short(home)
        ask_until_it_ends(server)
        assert server.process.returncode == 1, server.said
        assert "no worker can be started" in server.said
        assert is_free(server)
    refused = marquee(home, "serve", "--port", "0")
    assert refused.returncode == 3
    assert ".npy" in refused.stderr
    assert marquee(home, "doctor").returncode == marquee(home, "bundle", "verify").returncode == 3
