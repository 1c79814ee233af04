"""``marquee doctor --url`` detects each fault of a deployment, simulated by a stand-in server."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.cli.acceptance import Acceptance
from services.cli.checks import Check
from services.cli.http import Caller
from tests.cli.conftest import Marquee
from tests.servers.http_server import Answer, HttpServer, Request

FILMS = 30
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Request-Id": "r1",
    "Server-Timing": "total;dur=1",
}
KEY = "a-key"


@dataclass
class Deployment:
    """Stand-in that passes every check, except for what a test changes. ``asleep``: number of requests answered 503
    first.
    """

    degraded: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=lambda: dict(SAFE))
    short: int = 0
    key: str | None = None
    replays: bool = True
    remembers: bool = True
    blind: bool = False
    lenient: bool = False
    may_erase: bool = True
    asleep: int = 0
    stored: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        status, document, extra = self._answer(request, json.loads(request.body or b"{}"))
        headers = {**self.headers, **extra, "Content-Encoding": "gzip"}
        return Answer(status, gzip.compress(json.dumps(document).encode()), list(headers.items()))

    def _answer(self, request: Request, body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        path, _, query = request.path.partition("?")
        if self.asleep:
            self.asleep -= 1
            return 503, {"detail": "search: degraded: timeout"}, {}
        if path == "/version":
            return 200, {"bundle_version": "b1", "index_version": "i1", "films": FILMS}, {}
        if self.key and {name.lower(): value for name, value in request.headers.items()}.get("x-api-key") != self.key:
            return 401, {"title": "No key"}, {}
        if path == "/health/ready":
            assert query == "deep=1&strict=1"
            return 200, {"status": "ok", "parts": {"bundle": "ok", "state": "ok", "search": "ok"}}, {}
        if path == "/feedback":
            return self._store(request)
        if request.method == "DELETE":
            if not self.may_erase:
                return 403, {"title": "Scope"}, {}
            self.erased.append(path)
            return 204, {}, {}
        return self._recommend(body)

    def _store(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        key = request.headers["Idempotency-Key"]
        is_replay = self.replays and key in self.stored
        self.stored.append(key)
        event = f"event-{key}" if self.replays else f"event-{len(self.stored)}"
        return 202, {"event_id": event}, {"Idempotency-Replayed": "true"} if is_replay else {}

    def _recommend(self, body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        if body["k"] > 100 and not self.lenient:
            return 422, {"title": "k"}, {}
        kind = "words" if "query" in body else "person"
        first = 1 if (self.stored and self.remembers) or (kind == "words" and self.blind) else 0
        rows = range(first, FILMS if body["k"] > 10 else first + 10)
        items = [{"item_id": f"f{row}", "title": f"Film {row}"} for row in rows][self.short :]
        answer = {"items": items, "degraded": self.degraded.get(kind, []), "index_version": "i1", "strategy": "popular"}
        return 200, answer, {}


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


@pytest.fixture
def url(deployment: Deployment) -> Iterator[str]:
    server = HttpServer(deployment)
    yield f"http://127.0.0.1:{server.port}"
    server.close()


def checked(url: str, key: str | None = None, wait_s: float = 0.0) -> dict[str, Check]:
    acceptance = Acceptance(Caller(url, key), bool(key), wait_s, sleep=lambda seconds: None)
    return {check.part: check for check in acceptance.checks()}


def failed_checks(checks: dict[str, Check]) -> set[str]:
    return {part for part, check in checks.items() if check.state == "missing"}


def test_a_good_deployment_is_accepted_and_the_test_person_erased(deployment: Deployment, url: str) -> None:
    checks = checked(url)
    assert failed_checks(checks) == set()
    assert set(checks) == {
        "ready", "version", "person", "words", "k", "feedback", "erasure", "headers", "keys",
    }  # fmt: skip
    assert [path.startswith("/users/marquee-doctor-") for path in deployment.erased] == [True]
    assert checks["keys"].state == "note"


@pytest.mark.parametrize(
    ("fault", "parts"),
    [
        ({"degraded": {"words": ["search: unavailable"]}}, {"words"}),
        ({"degraded": {"person": ["state: locked"]}}, {"person"}),
        ({"short": 1}, {"person"}),
        ({"blind": True}, {"words"}),
        ({"replays": False}, {"feedback"}),
        ({"remembers": False}, {"feedback"}),
        ({"lenient": True}, {"k"}),
        ({"headers": SAFE | {"Cache-Control": "public"}}, {"headers"}),
        ({"headers": {name: value for name, value in SAFE.items() if name != "X-Request-Id"}}, {"headers"}),
    ],
)
def test_a_fault_fails_its_check(deployment: Deployment, url: str, fault: dict[str, Any], parts: set[str]) -> None:
    for name, value in fault.items():
        setattr(deployment, name, value)
    checks = checked(url)
    assert failed_checks(checks) == parts
    assert all(checks[part].found for part in parts)


def test_a_deployment_that_is_not_ready_reports_why(deployment: Deployment, url: str) -> None:
    deployment.asleep = 1
    assert "search: degraded: timeout" in checked(url)["ready"].found


def test_a_deployment_may_take_a_while_to_wake_up(deployment: Deployment, url: str) -> None:
    deployment.asleep = 3
    assert failed_checks(checked(url, wait_s=300.0)) == set()


def test_a_key_must_be_required_if_one_is_given(deployment: Deployment, url: str) -> None:
    assert failed_checks(checked(url, KEY)) == {"keys"}
    deployment.key = KEY
    deployment.stored.clear()
    assert failed_checks(checked(url, KEY)) == set()
    without = checked(url)
    assert "a key is required" in without["ready"].found
    assert failed_checks(checked(url, wait_s=300.0)) == failed_checks(without), "a missing key fails without waiting"


def test_a_key_without_the_scope_to_erase_is_a_note(deployment: Deployment, url: str) -> None:
    deployment.may_erase = False
    checks = checked(url)
    assert failed_checks(checks) == set()
    assert (checks["erasure"].state, "lacks the scope admin" in checks["erasure"].found) == ("note", True)


def test_the_exit_code_follows_the_checks(deployment: Deployment, url: str, marquee: Marquee) -> None:
    good = marquee("doctor", "--url", url, "--wait", "0")
    assert (good.code, good.out.splitlines()[-1]) == (0, "All checks passed.")
    deployment.degraded = {"words": ["search: unavailable"]}
    bad = marquee("doctor", "--url", url, "--wait", "0", "--json")
    assert (bad.code, bad.json["ready"]) == (3, False)


def test_an_unreachable_server_is_an_outage(marquee: Marquee) -> None:
    done = marquee("doctor", "--url", "http://127.0.0.1:9", "--wait", "0")
    assert done.code == 3
    assert "does not respond" in done.out


@pytest.mark.parametrize("url", ["films.example", "ftp://films.example", "https://user@films.example", "https://a?b=1"])
def test_an_invalid_address_is_wrong_usage(marquee: Marquee, url: str) -> None:
    done = marquee("doctor", "--url", url)
    assert done.code == 2
    assert "expected an address" in done.err
