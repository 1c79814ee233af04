"""Attacks through what Marquee reads: stores that trickle, flood or answer garbage, and bundles with a flipped bit."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator

from services.adapters.bundle.local import LocalBundles
from services.recommender.errors import BundleDamaged
from tests.adapters.test_bounded import DEEP, RUBBISH
from tests.attack.report import Finding
from tests.attack.world import new_home, resident_mb
from tests.damage import flip_bit
from tests.e2e.kit import Served, bundles
from tests.servers.raw import HEAD, answer, raw_server

BITS_A_FILE = 16
ASKED = 6
FLOOD_MB = 500
GROWTH_MB = 50.0

Pieces = Iterable[bytes]


def bad_stores() -> Iterator[Finding]:
    """OpenSearch and DynamoDB with every kind of bad response; count the responses of the API."""
    shapes: dict[str, tuple[Pieces, float]] = {name: ([answer(body)], 0.0) for name, body in RUBBISH.items()}
    shapes["trickle"] = ([HEAD + b"Content-Length: 1000000\r\n\r\n", *[b" "] * 3_000], 0.1)
    shapes["trickled headers"] = ([b"HTTP/1.1 200 OK\r\nX-Slow:", *[b" "] * 3_000], 0.1)
    shapes["flood"] = ([HEAD + b"Connection: close\r\n\r\n", *itertools.repeat(b" " * (1 << 20), FLOOD_MB)], 0.0)
    shapes["long"] = ([HEAD + b"Content-Length: 1000000000000000000\r\n\r\n"], 0.0)
    shapes["deep"] = ([answer(DEEP)], 0.0)
    statuses: Counter[str] = Counter()
    growth, slowest = 0.0, 0.0
    for pieces, pause_s in shapes.values():
        with new_home() as home, raw_server(pieces, pause_s) as url:
            env = {
                "OPENSEARCH_ENDPOINT": url,
                "DDB_ENDPOINT": url,
                "DDB_USERS_TABLE": "users",
                "AWS_REGION": "eu-central-1",
                "REQUEST_DEADLINE_MS": "1200",
            }
            with Served(home, env=env) as server:
                before = resident_mb(server)
                for turn in range(ASKED):
                    body = {"user_id": f"p{turn}", "k": 5, "query": f"a detective {turn}"}
                    response = server.client.post("/recommend", json=body)
                    slowest = max(slowest, response.elapsed.total_seconds())
                    degraded = response.status_code == 200 and response.json()["degraded"]
                    statuses[f"recommend {response.status_code} {'degraded' if degraded else 'not degraded'}"] += 1
                    event = {"user_id": f"p{turn}", "item_id": "1", "event": "like"}
                    statuses[f"feedback {server.client.post('/feedback', json=event).status_code}"] += 1
                growth = max(growth, resident_mb(server) - before)
    allowed = {"recommend 200 degraded", "feedback 503", "feedback 404"}
    yield Finding("a bad store never ends in a 500, and the answer is marked degraded",
                  f"{len(shapes)} shapes: {dict(statuses)}", set(statuses) <= allowed)  # fmt: skip
    yield Finding("an answer keeps to its deadline", f"slowest /recommend {slowest:.2f} s", slowest <= 3.0)
    yield Finding("a flood costs no memory", f"{growth:.0f} MiB more at most", growth <= GROWTH_MB)


def bad_bundles() -> Iterator[Finding]:
    """Flip one bit at a time, in every file."""
    refused = total = 0
    with new_home() as home:
        (version,) = bundles(home)
        local = LocalBundles(home)
        for path in sorted((home / "bundles" / version).rglob("*")):
            if not path.is_file() or not path.stat().st_size:
                continue
            bits = path.stat().st_size * 8
            for bit in range(0, bits, max(1, bits // BITS_A_FILE)):
                flip_bit(path, bit)
                total += 1
                try:
                    local.verify(version)
                except BundleDamaged:
                    refused += 1
                flip_bit(path, bit)
        local.verify(version)
    yield Finding("a bundle with one turned bit is refused", f"{refused} of {total}", refused == total > 0)
