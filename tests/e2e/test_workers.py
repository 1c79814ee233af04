"""Workers that die are replaced; if none can start, the server ends and frees its port."""

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
    connection = socket.create_connection((host, int(port)), PATIENCE_S)
    connection.sendall(LIVE)
    assert connection.recv(1_000).startswith(b"HTTP/1.1 200 ")
    return connection


def shares(server: Served, connections: list[socket.socket]) -> list[int]:
    return shares_of(server, [connection.getsockname()[1] for connection in connections])


def test_connections_are_distributed_evenly_also_after_some_are_closed(home: Path) -> None:
    with Served(home, "--workers", "2") as server, ExitStack() as stack:
        connections = [stack.enter_context(connected(server)) for _ in range(8)]
        assert shares(server, connections) == [4, 4]
        worker_of = worker_of_each(server, [connection.getsockname()[1] for connection in connections])
        busy = workers_of(server)[0]
        closed = [connection for connection in connections if worker_of[connection.getsockname()[1]] == busy][:3]
        for connection in closed:
            connection.close()
        connections = [connection for connection in connections if connection not in closed]
        # A worker reports closed connections with a delay.
        wait_for(lambda: shares(server, connections) == [1, 4], "three to be closed")
        assert server.client.get("/health/live").status_code == 200
        server.client.close()
        connections += [stack.enter_context(connected(server)) for _ in range(3)]
        assert shares(server, connections) == [4, 4]
        assert server.stop() == 0


def test_workers_end_with_their_supervisor(home: Path) -> None:
    with Served(home, "--workers", "2") as server:
        workers = workers_of(server)
        os.kill(server.process.pid, signal.SIGKILL)
        wait_for(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers), "the workers to end")


def test_new_workers_take_over_on_sighup(home: Path) -> None:
    with Served(home, "--workers", "2") as server:
        before = workers_of(server)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(workers_of(server)) == 2 and not set(workers_of(server)) & set(before), "fresh workers")
        assert server.recommend(k=1)["items"]
        assert server.stop() == 0


def test_a_killed_worker_is_replaced(home: Path) -> None:
    with Served(home, "--workers", "2") as server:
        before = workers_of(server)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda: len(set(workers_of(server)) - {before[0]}) == 2, "another worker")
        wait_for(lambda: "a worker died" in server.log, "the log line")
        assert server.recommend(k=1)["items"]
        assert server.stop() == 0


def truncate_files(home: Path) -> None:
    (version,) = bundles(home)
    for path in (home / "bundles" / version).glob("*.npy"):
        os.truncate(path, 0)


def send_until_it_ends(server: Served) -> None:
    while server.process.poll() is None:
        with suppress(httpx2.HTTPError), httpx2.Client(base_url=server.url, timeout=PATIENCE_S) as client:
            client.post("/recommend", json={"user_id": "ann", "k": 5})


def port_is_free(server: Served) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", int(server.url.rpartition(":")[2])))
    return True


def test_truncated_files_end_a_single_worker_and_the_log_names_the_signal(home: Path) -> None:
    with Served(home) as server:
        truncate_files(home)
        send_until_it_ends(server)
        assert server.process.returncode == -signal.SIGBUS, server.log
        assert "Bus error" in server.log
        assert port_is_free(server)
    refused = marquee(home, "serve", "--port", "0")
    assert refused.returncode == 3
    assert ".npy" in refused.stderr


def test_truncated_files_end_a_server_with_workers_and_free_its_port(home: Path) -> None:
    """Reading a page beyond the end of a mapped file raises SIGBUS."""
    with Served(home, "--workers", "2") as server:
        truncate_files(home)
        send_until_it_ends(server)
        assert server.process.returncode == 1, server.log
        assert "no worker can be started" in server.log
        assert port_is_free(server)
    refused = marquee(home, "serve", "--port", "0")
    assert refused.returncode == 3
    assert ".npy" in refused.stderr
    assert marquee(home, "doctor").returncode == marquee(home, "bundle", "verify").returncode == 3
