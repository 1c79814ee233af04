"""The probe of a bundle before servers follow it: a server that nobody else asks, on loopback."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.release import probe_server
from infra.release.agent.probe import ProbeFailed, probe
from tests.e2e.kit import bundles, damage, environment
from tests.patience import HASTE_S, PATIENCE_S


def test_a_bundle_that_answers_passes_and_the_pointer_of_the_bucket_is_not_followed(home: Path) -> None:
    (version,) = bundles(home)
    with probe_server.serving(environment(home, {"BUNDLE_BUCKET": "no-such-bucket"})) as port:
        ask = probe_server.asking(port, {})
        probe(ask, bundle=version, person="sim-0001")
        with pytest.raises(ProbeFailed, match="version: expected bundle another"):
            probe(ask, bundle="another", person="sim-0001")


def test_a_bundle_that_can_not_be_served_does_not_pass(home: Path) -> None:
    damage(home, *bundles(home))
    with pytest.raises(ProbeFailed, match="exited with code 3"), probe_server.serving(environment(home)):
        pass


def test_a_server_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_server, "END_S", HASTE_S)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(3_600)"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        probe_server._end(server)
        assert server.wait(PATIENCE_S) < 0


def test_what_is_no_answer_of_an_api_fails_the_probe() -> None:
    """Nobody listens there."""
    port = probe_server._free_port()
    with pytest.raises(ProbeFailed, match="GET /version: "):
        probe_server.asking(port, {})("GET", "/version", None)


def test_the_step_ends_with_what_the_probe_found(monkeypatch: pytest.MonkeyPatch, capsys: Any, home: Path) -> None:
    monkeypatch.setattr(probe_server, "_key", lambda _arn: "mq_canary")
    told = environment(home, {"CANARY_KEY_ARN": "arn", "PROBE_PERSON": "sim-0001"})
    assert probe_server.main(bundles(home), told) == 0
    assert probe_server.main(["another"], told) == 1
    assert "expected bundle another" in capsys.readouterr().err
