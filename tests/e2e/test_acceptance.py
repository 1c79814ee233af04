"""``marquee doctor --url`` against real servers: a healthy one, and one whose search is down."""

import json

from tests.e2e.kit import Served, marquee
from tests.e2e.world import World


def test_a_healthy_server_is_accepted(served: Served) -> None:
    done = marquee(served.home, "doctor", "--url", served.url)
    assert done.returncode == 0, done.stdout
    assert "All checks passed." in done.stdout


def test_a_server_without_its_search_is_not_accepted(world: World) -> None:
    world.search.answer(503)
    try:
        done = marquee(world.server.home, "doctor", "--url", world.server.url, "--wait", "0", "--json")
    finally:
        world.mend()
    assert done.returncode == 3
    states = {check["part"]: check for check in json.loads(done.stdout)["checks"]}
    assert (states["ready"]["state"], states["words"]["state"]) == ("missing", "missing")
    assert "degraded" in states["ready"]["found"]
