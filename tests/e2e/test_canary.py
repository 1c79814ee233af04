"""The canary against a real server: it passes while the server is healthy and fails otherwise."""

from pathlib import Path

import pytest

from tests.e2e.kit import Served, marquee
from tests.e2e.world import World
from tests.infra.canary_kit import Runtime, runtime_in
from tests.infra.tools import node22

PERSON = "sim-0001"


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return runtime_in(tmp_path / "modules", node22())


def test_it_passes_on_a_healthy_server_for_an_unknown_person(runtime: Runtime, served: Served) -> None:
    done = runtime.run(served.url)
    assert done.returncode == 0, done.stderr


def test_it_fails_if_it_asks_for_more_films_than_allowed(runtime: Runtime, served: Served) -> None:
    films = served.client.get("/catalogue").json()["films"]
    assert films > 100, "the sample has more films than an answer may"
    done = runtime.run(served.url, ITEMS="101")
    assert done.returncode == 1
    assert "expected status 200, got 422" in done.stderr


def test_the_deep_check_uses_search_and_passes_while_search_answers(runtime: Runtime, world: World) -> None:
    seeded = marquee(world.server.home, "users", "seed", "--user", PERSON, env=world.patient)
    assert seeded.returncode == 0, seeded.stderr
    world.mend()
    before = world.search.requests
    with Served(world.server.home, env=world.patient) as server:
        done = runtime.run(server.url, DEEP="on", PERSON=PERSON)
    assert done.returncode == 0, done.stderr
    assert world.search.requests > before


def test_without_search_only_the_deep_check_fails(runtime: Runtime, world: World) -> None:
    world.search.refuse()
    try:
        deep = runtime.run(world.server.url, DEEP="on", PERSON=PERSON)
        shallow = runtime.run(world.server.url)
    finally:
        world.mend()
    assert deep.returncode == 1
    assert "the answer is degraded: search: " in deep.stderr
    assert shallow.returncode == 0, shallow.stderr
