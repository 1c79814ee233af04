"""Four hundred connections with API keys and a quota: overload grants neither more requests nor access."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.kit import Served, marquee
from tests.e2e.storm import Ask, storm

KEYS_ON = {"API_KEYS": "on", "API_KEY_PEPPER": "a pepper for tests, long enough"}
LIMIT = 100
# Longer than the storm takes on any machine, so that it stays in one window.
WINDOW_S = 86_400


def new_key(home: Path, *arguments: str) -> dict[str, str]:
    done = marquee(home, "keys", "create", "storm", *arguments, "--json", env=KEYS_ON)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_storm_never_exceeds_the_quota_and_a_revoked_key_is_refused(home: Path, workers: int) -> None:
    good = new_key(home, "--limit", str(LIMIT), "--window", str(WINDOW_S))["key"]
    revoked = new_key(home)
    assert marquee(home, "keys", "revoke", revoked["key_id"], env=KEYS_ON).returncode == 0

    def asks(number: int) -> Ask:
        return Ask("/films?q=a", headers={"X-API-Key": revoked["key"] if number % 4 == 0 else good})

    with Served(home, "--workers", str(workers), env=KEYS_ON) as server:
        replies = storm(server.url, asks)
        counts = Counter((number % 4 == 0, reply.status) for number, reply in replies)
        last = server.client.get("/films?q=a", headers={"X-API-Key": good})
    assert {status for is_revoked, status in counts if is_revoked} <= {401, 503}, counts
    assert {status for is_revoked, status in counts if not is_revoked} <= {200, 429, 503}, counts
    assert 0 < counts[False, 200] <= LIMIT, counts
    assert all(int(reply.headers["retry-after"]) >= 1 for _, reply in replies if reply.status in (429, 503))
    assert last.status_code in (200, 429)
