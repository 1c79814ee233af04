"""How the server is run; what it does is in ``tests/e2e``."""

from services.cli.server import START_S, configured
from services.settings import Settings


def test_no_worker_is_killed_for_being_slow_to_start() -> None:
    assert configured(Settings(), workers=2).timeout_worker_healthcheck >= START_S
