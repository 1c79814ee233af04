"""Four hundred connections on keys with a quota: a full queue opens neither a new quota nor a door."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.kit import Served, marquee
from tests.e2e.storm import Ask, storm

KEYS_ON = {"API_KEYS": "on", "API_KEY_PEPPER": "a pepper for tests, long enough"}
LIMIT = 100
# Longer than any machine takes for the storm, so that all of it is one window.
WINDOW_S = 86_400


def new_key(home: Path, *arguments: str) -> dict[str, str]:
    done = marquee(home, "keys", "create", "storm", *arguments, "--json", env=KEYS_ON)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_storm_gets_no_more_than_the_quota_and_a_revoked_key_nothing(home: Path, workers: int) -> None:
    good = new_key(home, "--limit", str(LIMIT), "--window", str(WINDOW_S))["key"]
    revoked = new_key(home)
    assert marquee(home, "keys", "revoke", revoked["key_id"], env=KEYS_ON).returncode == 0

    def asks(number: int) -> Ask:
        return Ask("/films?q=a", headers={"X-API-Key": revoked["key"] if number % 4 == 0 else good})

    with Served(home, "--workers", str(workers), env=KEYS_ON) as server:
        replies = storm(server.url, asks)
        got = Counter((number % 4 == 0, reply.status) for number, reply in replies)
        left = server.client.get("/films?q=a", headers={"X-API-Key": good})
    assert {status for is_revoked, status in got if is_revoked} <= {401, 503}, got
    assert {status for is_revoked, status in got if not is_revoked} <= {200, 429, 503}, got
    assert 0 < got[False, 200] <= LIMIT, got
    assert all(int(reply.headers["retry-after"]) >= 1 for _, reply in replies if reply.status in (429, 503))
    assert left.status_code in (200, 429)
