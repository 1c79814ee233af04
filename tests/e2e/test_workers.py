"""Workers that die: others take their place, and where none can the server ends rather than hold a dead port."""

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import httpx2

from tests.e2e.kit import Served, bundles, marquee
from tests.patience import PATIENCE_S, wait_for


def children(server: Served) -> list[int]:
    of = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [pid for pid in map(int, of) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_worker_that_is_killed_is_replaced(home: Path) -> None:
    with Served(home, "--workers", "2") as server:
        before = children(server)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda: len(set(children(server)) - {before[0]}) == 2, "another worker")
        wait_for(lambda: "a worker died" in server.said, "a word of it")
        assert server.recommend(k=1)["items"]
        assert server.stop() == 0


def test_files_that_are_cut_short_under_it_leave_no_dead_port(home: Path) -> None:
    """A page beyond the end of a mapped file is a SIGBUS."""
    (version,) = bundles(home)
    with Served(home, "--workers", "2") as server:
        for path in (home / "bundles" / version).glob("*.npy"):
            os.truncate(path, 0)
        while server.process.poll() is None:
            with suppress(httpx2.HTTPError), httpx2.Client(base_url=server.url, timeout=PATIENCE_S) as client:
                client.post("/recommend", json={"user_id": "ann", "k": 5})
        assert server.process.returncode == 1, server.said
        assert "no worker can be started" in server.said
        port = int(server.url.rpartition(":")[2])
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", port))
    refused = marquee(home, "serve", "--port", "0")
    assert refused.returncode == 3
    assert ".npy" in refused.stderr
    assert marquee(home, "doctor").returncode == marquee(home, "bundle", "verify").returncode == 3
