"""Attacks that need no key: endless headers, and two thousand clients that only hold connections."""

import asyncio
import threading
import time
from collections.abc import Iterator

import httpx2

from tests.attack.report import Finding
from tests.attack.world import new_home, resident_mb
from tests.e2e.kit import Served
from tests.e2e.slow import HALF, answer_to, trickle
from tests.patience import PATIENCE_S

SLOW = 2_000
HOLD_S = 30.0
HEADERS_MB = 286
GROWTH_MB = 50.0
P95_S = 1.0


def long_headers() -> Iterator[Finding]:
    """One connection that never ends its headers."""
    with new_home() as home, Served(home) as server:
        before = resident_mb(server)
        line = b"X-Long: " + b"a" * (1 << 20) + b"\r\n"
        answer = answer_to(server.url, HALF + b"\r\n", *([line] * HEADERS_MB))
        grown = resident_mb(server) - before
        alive = server.client.get("/health/live").status_code == 200
    figure = f"{HEADERS_MB} MB sent: {grown:.0f} MiB more, answer {answer[9:12].decode() or 'cut'}"
    yield Finding("headers are limited", figure, alive and grown <= GROWTH_MB)


def slow_connections() -> Iterator[Finding]:
    """Clients that send a byte per second and reconnect when disconnected, while a good client sends requests."""
    with new_home() as home, Served(home) as server:
        server.recommend(k=5)
        before = resident_mb(server)
        slow = threading.Thread(target=lambda: asyncio.run(trickle(server.url, SLOW, HOLD_S)))
        slow.start()
        time.sleep(5)  # until most of them are connected
        waits, failed = [], 0
        end = time.monotonic() + HOLD_S - 10
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                with httpx2.Client(base_url=server.url, timeout=PATIENCE_S) as client:
                    failed += client.post("/recommend", json={"k": 5}).status_code != 200
            except httpx2.HTTPError:
                failed += 1
            waits.append(time.monotonic() - began)
            time.sleep(0.05)
        grown = resident_mb(server) - before
        slow.join()
    p95 = sorted(waits)[int(len(waits) * 0.95)]
    yield Finding("a good client is served among slow ones", f"{SLOW} slow: {len(waits)} requests, {failed} failed, "
                  f"p95 {p95:.2f} s", not failed and p95 <= P95_S)  # fmt: skip
    yield Finding("slow connections cost little memory", f"{grown:.0f} MiB more", grown <= GROWTH_MB)
