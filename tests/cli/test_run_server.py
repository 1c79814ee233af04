"""Server configuration and supervisor; its behaviour is tested in ``tests/e2e``."""

import signal
import socket
from collections.abc import Iterator

import pytest
from uvicorn.supervisors.multiprocess import SIGNALS

from services.cli.run_server import START_S, Supervisor, configured
from services.settings import Settings


def test_no_worker_is_killed_for_being_slow_to_start() -> None:
    assert configured(Settings(), workers=2).timeout_worker_healthcheck >= START_S


@pytest.mark.parametrize("balancer_idle_secs", [60, 300])
def test_an_idle_connection_is_kept_longer_than_by_the_load_balancer(balancer_idle_secs: int) -> None:
    settings = Settings(balancer_idle_secs=balancer_idle_secs)
    assert configured(settings, workers=1).timeout_keep_alive > balancer_idle_secs


@pytest.fixture
def signals_restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals_restored")
def test_a_supervisor_whose_dispatcher_died_exits() -> None:
    supervisor = Supervisor(configured(Settings(), workers=2), socket.create_server(("127.0.0.1", 0)), lambda: None)
    supervisor.keep_subprocess_alive()
    assert not supervisor.should_exit.is_set()
    supervisor._dispatcher.close()
    supervisor.keep_subprocess_alive()
    assert supervisor.should_exit.is_set()
    assert supervisor.failed
