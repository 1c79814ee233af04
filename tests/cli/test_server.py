"""How the server is run; what it does is in ``tests/e2e``."""

import pytest

from services.cli.server import START_S, configured
from services.settings import Settings


def test_no_worker_is_killed_for_being_slow_to_start() -> None:
    assert configured(Settings(), workers=2).timeout_worker_healthcheck >= START_S


@pytest.mark.parametrize("balancer_idle_secs", [60, 300])
def test_the_server_keeps_an_idle_connection_longer_than_the_balancer_before_it(balancer_idle_secs: int) -> None:
    settings = Settings(balancer_idle_secs=balancer_idle_secs)
    assert configured(settings, workers=1).timeout_keep_alive > balancer_idle_secs
