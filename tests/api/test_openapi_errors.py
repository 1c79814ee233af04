"""Every documented error is provoked in every operation that documents it, and its body is the example's."""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from services.adapters.secrets import FixedSecret
from services.adapters.state.sqlite.sqlite_failures import unavailable
from services.api.app.main import create_app
from services.api.app.schemas.problem import MEDIA_TYPE
from services.api.app.security.api_keys import make_key
from services.api.app.services import AppServices
from services.bootstrap import Services, build_services
from services.recommender.domain.history import Event, EventKind
from services.recommender.errors import StateUnavailable
from services.recommender.ports import ApiKey, Deadline, FeedbackCommand, Quota, QuotaPort
from services.settings import load_settings
from tests.api.fakes import PEPPER, PEPPER_SECRET, DictKeys, FakeRecommender, fake_app
from tests.patience import HASTE_S, PATIENCE_S

DOCUMENT = fake_app().openapi()
OPERATIONS = {
    (method, path): operation for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
}
Operation = tuple[str, str]
Document = dict[str, Any]


def examples_of(operation: Operation) -> dict[str, Document]:
    """Return the documented errors of an operation by slug."""
    return {
        slug: example["value"]
        for response in OPERATIONS[operation]["responses"].values()
        for slug, example in response.get("content", {}).get("application/problem+json", {}).get("examples", {}).items()
    }


DOCUMENTED = {operation: examples_of(operation) for operation in OPERATIONS}
EVENT = {"user_id": "u1", "item_id": "f1", "event": "like"}
# A valid request of each operation; keys are the arguments of the test client.
VALID: dict[Operation, Document] = {
    ("post", "/recommend"): {"json": {"k": 1}},
    ("post", "/recommend/from-films"): {"json": {"item_ids": ["f1"]}},
    ("post", "/feedback"): {"json": EVENT},
    ("post", "/feedback/batch"): {"json": {"events": [EVENT]}},
    ("get", "/similar"): {"params": {"item_id": "f1"}},
    ("get", "/films"): {"params": {"q": "a"}},
    ("get", "/films/{item_id}"): {},
    ("get", "/catalogue"): {},
    ("get", "/users/{user_id}/export"): {},
    ("post", "/users/{user_id}/import"): {"content": b"Title,Year,Rating\nHeat,1995,4\n"},
    ("delete", "/users/{user_id}"): {},
    ("get", "/health/live"): {},
    ("get", "/health/ready"): {"params": {"deep": "1"}},
    ("get", "/version"): {},
}
INVALID: dict[Operation, Document] = {
    ("post", "/recommend"): {"json": {"k": 101}},
    ("post", "/recommend/from-films"): {"json": {"item_ids": ["f1"], "top_n": 101}},
    ("post", "/feedback"): {"json": {"user_id": "u1", "item_id": "f1", "event": "rating", "value": 4.7}},
    ("post", "/feedback/batch"): {"json": {"events": [EVENT] * 101}},
    ("get", "/similar"): {"params": {"item_id": "f1", "k": 101}},
    ("get", "/films"): {"params": {"q": "a", "limit": 51}},
    ("get", "/health/ready"): {"params": {"deep": "maybe"}},
    ("post", "/users/{user_id}/import"): {"content": b""},
}
UNKNOWN_FILM: dict[Operation, Document] = {
    ("post", "/recommend"): {"json": {"liked": ["tmdb:1"]}},
    ("post", "/recommend/from-films"): {"json": {"tmdb_ids": [1]}},
    ("post", "/feedback"): {"json": {**EVENT, "item_id": "tmdb:1"}},
    ("get", "/similar"): {"params": {"item_id": "tmdb:1"}},
}
ADMIN = {("get", "/users/{user_id}/export"), ("delete", "/users/{user_id}")}
KEYS = DictKeys(
    {
        "all": ApiKey("all", "", frozenset({"serve", "admin"})),
        "serve": ApiKey("serve", "", frozenset({"serve"})),
        "admin": ApiKey("admin", "", frozenset({"admin"})),
        "limited": ApiKey("limited", "", frozenset({"serve", "admin"}), limit=60, window_s=60),
    }
)
KEYED: Document = {"keys": KEYS, "key_pepper": PEPPER_SECRET, "auth_required": True}


@dataclass(frozen=True)
class World:
    """``wired``: the services over a bundle, ``bare``: without one. ``renamed``: names of this run -> those in the
    examples.
    """

    folder: Path
    wired: Services
    bare: Services
    renamed: dict[str, str]


def record(services: Services) -> None:
    """Store an event of the person in the examples."""
    event = Event("f1", EventKind.LIKE, 1.0, 1_700_000_000_000)
    services.state.record([FeedbackCommand("u1", event)], Deadline.within(services.recommender.clock, PATIENCE_S))


@pytest.fixture(scope="module")
def world(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("errors")
    shutil.copytree(small_home, folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # no ``.env`` is read
        wired, bare = (build_services(load_settings(marquee_home=folder / name)) for name in ("home", "bare"))
    record(bare)
    version = wired.recommender.versions()["bundle_version"]
    yield World(folder, wired, bare, {version: "2026-01-31-4f2a", str(folder / "bare"): "/var/lib/marquee"})
    wired.close()
    bare.close()


@dataclass(frozen=True)
class Case:
    """An operation, and the example of an error of it."""

    world: World
    operation: Operation
    example: Document

    def app(self, **settings: Any) -> FastAPI:
        """Return the application over the real services, which stay open; API keys are on."""
        return create_app(replace(AppServices.of(self.world.wired), close=None, **{**KEYED, **settings}))

    def ask(self, app: FastAPI | None = None, *, key: str | None = "all", **changes: Any) -> httpx2.Response:
        """Send a request to the example's path: a valid one, unless ``changes`` gives parameters or a body."""
        headers = {"X-Request-Id": self.example["request_id"], **changes.pop("headers", {})}
        if key is not None:
            headers["X-API-Key"] = make_key(key, PEPPER)
        method = changes.pop("method", self.operation[0])
        with TestClient(app or self.app(), raise_server_exceptions=False) as client:
            return client.request(
                method, self.example["instance"], headers=headers, **(changes or VALID[self.operation])
            )


class Exhausted(QuotaPort):
    """A quota with nothing left for twelve seconds."""

    def admit(self, key_id: str, limit: int, window_s: int, now_ms: int) -> Quota:
        return Quota(False, limit, 0, 12)


@dataclass
class Failing(DictKeys):
    """A key store that fails."""

    error: Exception = field(default_factory=Exception)

    def get(self, key_id: str) -> ApiKey | None:
        raise self.error


class Broken(frozenset[str]):
    """A setting whose use raises an unexpected error."""

    def __contains__(self, name: object) -> bool:
        raise RuntimeError("a person's data")


def unreachable(folder: Path) -> None:
    sqlite3.connect(folder / "missing" / "state.db")


def locked(folder: Path) -> None:
    holder, other = (sqlite3.connect(folder / "locked.db", timeout=HASTE_S, isolation_level=None) for _ in range(2))
    with closing(holder), closing(other):
        holder.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")


def full(folder: Path) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")


def failure_of_store(case: Case, fail: Callable[[Path], None]) -> StateUnavailable:
    """Return the store's error for a real error of SQLite."""
    with pytest.raises(sqlite3.Error) as caught:
        fail(case.world.folder)
    return unavailable(Path("state.db"), caught.value)


def overloaded(case: Case) -> httpx2.Response:
    app = case.app(inline=False)
    for queue in (app.state.edge._answers, app.state.edge._blocking):
        queue._busy = 1_000
    return case.ask(app)


def mismatched(case: Case) -> httpx2.Response:
    once = {"Idempotency-Key": "once"}
    case.ask(json={**EVENT, "event": "watch"}, headers=once)
    return case.ask(json=EVENT, headers=once)


def unknown_person(case: Case) -> httpx2.Response:
    case.world.wired.recommender.erase("u1")
    return case.ask()


def not_ready(case: Case) -> httpx2.Response:
    recommender = FakeRecommender(parts={"bundle": "ok", "state": str(failure_of_store(case, full))})
    return case.ask(case.app(recommender=recommender))


PROVOKE: dict[str, Callable[[Case], httpx2.Response]] = {
    "malformed-body": lambda case: case.ask(content=b'{"k": }', headers={"Content-Type": "application/json"}),
    "unauthorized": lambda case: case.ask(key=None),
    "forbidden": lambda case: case.ask(key="serve" if case.operation in ADMIN else "admin"),
    "origin-refused": lambda case: case.ask(case.app(origin_secret=FixedSecret(("secret",)))),
    "host-refused": lambda case: case.ask(case.app(host_names=frozenset({"films.example"}))),
    "unknown-film": lambda case: case.ask(**UNKNOWN_FILM.get(case.operation, {})),
    "unknown-person": unknown_person,
    "method-not-allowed": lambda case: case.ask(method="patch"),
    "body-too-large": lambda case: case.ask(content=b" " * ((10 << 20) + 1)),
    "unsupported-media-type": lambda case: case.ask(content=b"{}", headers={"Content-Type": "text/plain"}),
    "invalid-request": lambda case: case.ask(**INVALID.get(case.operation, {})),
    "all-seeds-unknown": lambda case: case.ask(**UNKNOWN_FILM[case.operation]),
    "preset-unavailable": lambda case: case.ask(json={**VALID[case.operation]["json"], "preset": "svd"}),
    "bad-cursor": lambda case: case.ask(json={"cursor": "eyJ2IjoxfQ"}),
    "idempotency-mismatch": mismatched,
    "quota-exceeded": lambda case: case.ask(case.app(quota=Exhausted()), key="limited"),
    "internal-error": lambda case: case.ask(case.app(host_names=Broken())),
    "overloaded": overloaded,
    "state-unavailable": lambda case: case.ask(case.app(keys=Failing(error=failure_of_store(case, unreachable)))),
    "state-busy": lambda case: case.ask(case.app(keys=Failing(error=failure_of_store(case, locked)))),
    "bundle-missing": lambda case: case.ask(case.app(recommender=case.world.bare.recommender)),
    "not-ready": not_ready,
}


@pytest.mark.parametrize("slug", sorted({slug for examples in DOCUMENTED.values() for slug in examples}))
def test_an_example_is_what_the_operation_sends(world: World, slug: str) -> None:
    operations = [operation for operation, examples in DOCUMENTED.items() if slug in examples]
    for operation in operations:
        example = DOCUMENTED[operation][slug]
        response = PROVOKE[slug](Case(world, operation, example))
        text = response.text
        for own, name in world.renamed.items():
            text = text.replace(own, name)
        assert json.loads(text) == example, operation
        assert (response.status_code, response.headers["content-type"]) == (example["status"], MEDIA_TYPE), operation


def test_an_example_names_a_path_of_its_operation() -> None:
    for (_, path), examples in DOCUMENTED.items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", path)
        for slug, example in examples.items():
            assert re.fullmatch(pattern, example["instance"]), (path, slug)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_requests_that_are_made_to_fail_are_valid(world: World, operation: Operation) -> None:
    record(world.wired)
    path = operation[1].format(item_id="f1", user_id="u1")
    response = Case(world, operation, {"instance": path, "request_id": "r"}).ask()
    assert response.status_code < 300, response.text


def test_the_example_of_an_error_in_a_batch_is_what_is_sent(world: World) -> None:
    (example,) = DOCUMENT["components"]["schemas"]["EventResult"]["properties"]["problem"]["examples"]
    case = Case(world, ("post", "/feedback/batch"), {"instance": "/feedback/batch", "request_id": "r"})
    (result,) = case.ask(json={"events": [{**EVENT, "item_id": "tmdb:1"}]}).json()["results"]
    assert result == {"status": 404, "problem": example}
