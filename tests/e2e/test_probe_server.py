"""The probe of a bundle before its release, against a private server on loopback."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.release import probe_server
from infra.release.agent.probe import ProbeFailed, probe
from tests.e2e.kit import bundles, damage, environment
from tests.patience import HASTE_S, PATIENCE_S


def test_a_healthy_bundle_passes_and_the_bucket_is_not_followed(home: Path) -> None:
    (version,) = bundles(home)
    with probe_server.serving(environment(home, {"BUNDLE_BUCKET": "no-such-bucket"})) as port:
        send = probe_server.http_requester(port, {})
        probe(send, bundle=version, person="sim-0001")
        with pytest.raises(ProbeFailed, match="version: expected bundle another"):
            probe(send, bundle="another", person="sim-0001")


def test_a_bundle_that_cannot_be_served_does_not_pass(home: Path) -> None:
    damage(home, *bundles(home))
    with pytest.raises(ProbeFailed, match="exited with code 3"), probe_server.serving(environment(home)):
        pass


def test_a_server_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_server, "END_S", HASTE_S)
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(3_600)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        probe_server._end(server)
        assert server.wait(PATIENCE_S) < 0


def test_a_failed_request_fails_the_probe() -> None:
    """No server listens on the port."""
    port = probe_server._free_port()
    with pytest.raises(ProbeFailed, match="GET /version: "):
        probe_server.http_requester(port, {})("GET", "/version", None)


def test_the_exit_code_is_the_outcome_of_the_probe(monkeypatch: pytest.MonkeyPatch, capsys: Any, home: Path) -> None:
    monkeypatch.setattr(probe_server, "_key", lambda _arn: "mq_canary")
    env = environment(home, {"CANARY_KEY_ARN": "arn", "PROBE_PERSON": "sim-0001"})
    assert probe_server.main(bundles(home), env) == 0
    assert probe_server.main(["another"], env) == 1
    assert "expected bundle another" in capsys.readouterr().err
