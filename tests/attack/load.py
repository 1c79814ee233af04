"""Eight connections that send one request after another, and the CPU time that the server spends on them."""

import json
import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from data_jobs.bench.http_client import HttpConnection

CONNECTIONS = 8
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """``requests``: requests by the connection's local port; ``seconds``: wall clock; ``cpu_s``: of the server."""

    requests: dict[int, int]
    seconds: float
    cpu_s: float

    @property
    def a_second(self) -> float:
        """Responses per second."""
        return sum(self.requests.values()) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds per response."""
        return 1_000 * self.cpu_s / sum(self.requests.values())


def fresh_bodies(films: Sequence[str], seed: int) -> Callable[[], dict[str, object]]:
    """A function that returns request bodies that never repeat, so that none is answered from a cache."""
    randomness = random.Random(seed)
    return lambda: {"liked": randomness.sample(films, 5), "k": 20}


def post(path: str, body: object) -> bytes:
    """A request's bytes."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(content)}\r\n\r\n".encode() + content


def load(
    port: int,
    pids: Sequence[int],
    requests: Sequence[bytes],
    seconds: float | None = None,
    connected: Callable[[list[int]], None] | None = None,
) -> Spent:
    """Send requests on eight connections: each sends its share once, or repeatedly for so many seconds. ``connected``
    is called with the local ports of the connections.
    """
    with ExitStack() as stack:
        connections = [stack.enter_context(HttpConnection("127.0.0.1", port)) for _ in range(CONNECTIONS)]
        for each in connections:
            each.ask(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        ports = [each.port for each in connections]
        if connected is not None:
            connected(ports)
        end = None if seconds is None else time.monotonic() + seconds
        askers = stack.enter_context(ThreadPoolExecutor(CONNECTIONS))
        before, began = cpu_s(pids), time.monotonic()
        shares = [requests[at::CONNECTIONS] for at in range(CONNECTIONS)]
        counts = list(askers.map(_ask, connections, shares, [end] * CONNECTIONS))
        return Spent(dict(zip(ports, counts, strict=True)), time.monotonic() - began, cpu_s(pids) - before)


def _ask(connection: HttpConnection, share: Sequence[bytes], end: float | None) -> int:
    """Send requests one after another. Returns their number."""
    sent = 0
    for request in share if end is None else cycle(share):
        if end is not None and time.monotonic() >= end:
            break
        status, body = connection.ask(request)
        assert status == 200, body
        sent += 1
    return sent


def cpu_s(pids: Sequence[int]) -> float:
    """CPU seconds of these processes so far, by all their threads."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) * _TICK_S
