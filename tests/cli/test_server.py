"""How the server is run; what it does is in ``tests/e2e``."""

import pytest

from services.cli.server import START_S, configured


def test_no_worker_is_killed_for_being_slow_to_start() -> None:
    assert configured(workers=2, balancer_idle_s=60).timeout_worker_healthcheck >= START_S


@pytest.mark.parametrize("balancer_idle_s", [60, 300])
def test_the_server_keeps_an_idle_connection_longer_than_the_balancer_before_it(balancer_idle_s: int) -> None:
    assert configured(1, balancer_idle_s).timeout_keep_alive > balancer_idle_s
