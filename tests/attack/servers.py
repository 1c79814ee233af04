"""HTTP servers with the same application, in turns: responses per second, CPU, and resistance to attacks without a key.

``uv run --with granian python -m tests.attack.servers`` prints the table of docs/benchmarks.md.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import httpx2

from services.cli.console import table
from tests.attack.load import Spent, fresh_bodies, load, post
from tests.attack.report import say
from tests.attack.world import new_home
from tests.e2e.kit import environment
from tests.e2e.slow import HALF
from tests.patience import PATIENCE_S, wait_for

ROUNDS, FRESH, CACHED = 7, 200, 800
FLOOD_MB = 64
HELD_S = 20.0
_APPLICATION = "services.cli.asgi:application"
_UVICORN = ("-m", "uvicorn", "--factory", _APPLICATION, "--no-access-log", "--log-level", "warning", "--port", "{port}")
SERVERS: dict[str, tuple[str, ...]] = {
    "marquee serve": ("-c", "from services.cli.main import run; run()", "serve", "--port", "{port}"),
    "uvicorn, httptools": (*_UVICORN, "--http", "httptools"),
    "uvicorn, h11": (*_UVICORN, "--http", "h11"),
    "granian": ("-m", "granian", "--interface", "asgi", "--factory", _APPLICATION, "--no-ws", "--port", "{port}"),
}


@dataclass
class Running:
    """A server and its measurements."""

    name: str
    process: "subprocess.Popen[bytes]"
    port: int
    fresh: list[Spent] = field(default_factory=list)
    cached: list[Spent] = field(default_factory=list)

    @property
    def pids(self) -> list[int]:
        """The server and its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def resident_mb(self) -> float:
        """Memory of all its processes."""
        fields = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in self.pids)
        return sum(map(int, fields)) * 4_096 / (1 << 20)


@contextmanager
def running(name: str, arguments: Sequence[str]) -> Iterator[Running]:
    """Run a server with its own home."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with new_home() as home, (home / "server.log").open("wb") as log:
        command = [sys.executable, *(each.format(port=port) for each in arguments)]
        process = subprocess.Popen(command, env=environment(home), stdout=log, stderr=log)
        try:
            made = Running(name, process, port)
            wait_for(lambda: process.poll() is not None or _answers(made), name)
            assert process.poll() is None, (home / "server.log").read_text()
            yield made
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _answers(server: Running) -> bool:
    with suppress(httpx2.HTTPError):
        return httpx2.get(f"{server.url}/health/ready", timeout=PATIENCE_S).status_code == 200
    return False


def measure(servers: list[Running]) -> None:
    """Measure uncached and cached responses in turns, so that a disturbance affects all servers."""
    for turn in range(ROUNDS):
        for server in servers[turn % len(servers) :] + servers[: turn % len(servers)]:
            films = httpx2.post(f"{server.url}/recommend", json={"k": 100}, timeout=PATIENCE_S).json()["items"]
            made = fresh_bodies([film["item_id"] for film in films], turn)
            requests = [post("/recommend", made()) for _ in range(FRESH)]
            server.fresh.append(load(server.port, server.pids, requests))
            server.cached.append(load(server.port, server.pids, [post("/recommend", {"user_id": "ann"})] * CACHED))


def headers_without_end(server: Running) -> str:
    """Send endless headers on one connection."""
    before, sent = server.resident_mb(), 0
    line = b"X-Long: " + b"a" * 8_000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as sock, suppress(ConnectionError):
        sock.sendall(HALF + b"\r\n")
        while sent < FLOOD_MB << 20:
            sock.sendall(line * 64)
            sent += 64 * len(line)
    grown = max(0.0, server.resident_mb() - before)
    return f"{'taken' if sent >= FLOOD_MB << 20 else 'refused'}, {grown:.0f} MiB more"


def half_a_request(server: Running) -> str:
    """Send half a request and wait."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), HELD_S) as sock:
        sock.sendall(HALF)
        try:
            sock.recv(1_000)
        except TimeoutError:
            return f"open after {HELD_S:.0f} s"
    return f"closed after {time.monotonic() - began:.0f} s"


def no_http(server: Running) -> str:
    """Send something that is not HTTP."""
    with socket.create_connection(("127.0.0.1", server.port), HELD_S) as sock:
        sock.sendall(b"nonsense\r\n\r\n")
        with suppress(TimeoutError, ConnectionError):
            head = sock.recv(1_000).decode("latin-1").lower()
            kind = head.partition("content-type: ")[2].partition("\r\n")[0]
            return f"{head[9:12]} {kind or 'no type'}" if head else "closed"
    return "nothing"


def row(server: Running) -> tuple[str, ...]:
    """The server's row of the table."""
    figures = [
        f"{median(getattr(each, part) for each in spent):.{digits}f}"
        for part, digits in (("a_second", 0), ("cpu_ms", 2))
        for spent in (server.fresh, server.cached)
    ]
    return (server.name, *figures, headers_without_end(server), half_a_request(server), no_http(server))


def main() -> None:
    """Measure and print."""
    named = {name: how for name, how in SERVERS.items() if name != "granian" or find_spec("granian")}
    with ExitStack() as stack:
        servers = [stack.enter_context(running(name, how)) for name, how in named.items()]
        measure(servers)
        rows = [row(server) for server in servers]
    headings = ("fresh a second", "cached a second", "CPU ms, fresh", "CPU ms, cached", f"{FLOOD_MB} MB of headers",
                "half a request", "no HTTP")  # fmt: skip
    for line in table(("server, medians of 7 rounds", *headings), rows):
        say(line)


if __name__ == "__main__":
    main()
