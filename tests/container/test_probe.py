"""The probe of a release on the function in its real loop: what passes, and what fails."""

import json
from pathlib import Path

import pytest

from data_jobs.bench.emulator import Emulated
from infra.release.agent.probe import ProbeFailed, event_requester, probe
from tests.container.kit import HANDLER, Tree, function
from tests.patience import LONGEST_MS


def bundle_of(home: Path) -> str:
    return str(json.loads((home / "current.json").read_text())["version"])


def test_a_function_that_serves_its_bundle_passes(emulated: Emulated, home: Path) -> None:
    probe(event_requester(emulated.invoke, {}), bundle=bundle_of(home), person="sim-0001")


def test_a_function_with_another_bundle_fails(emulated: Emulated) -> None:
    with pytest.raises(ProbeFailed, match="version: expected bundle another, got "):
        probe(event_requester(emulated.invoke, {}), bundle="another", person="sim-0001")


def test_an_image_without_a_bundle_starts_but_fails(tools: Path, tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    environment = {"MARQUEE_HOME": str(tmp_path / "home"), "REQUEST_DEADLINE_MS": str(LONGEST_MS)}
    with (
        Emulated(function(tools, (tree.task,), HANDLER, environment), tmp_path / "function.log") as running,
        pytest.raises(ProbeFailed, match=r"GET /health/ready\?deep=1: expected status 200, got 503"),
    ):
        probe(event_requester(running.invoke, {}), bundle="", person="sim-0001")


def test_the_required_header_is_sent(tools: Path, tree: Tree, home: Path, tmp_path: Path) -> None:
    environment = {
        "MARQUEE_HOME": str(home),
        "REQUEST_DEADLINE_MS": str(LONGEST_MS),
        "ORIGIN_SECRET": "from-cloudfront",
    }
    with Emulated(function(tools, (tree.task,), HANDLER, environment), tmp_path / "function.log") as running:
        with pytest.raises(ProbeFailed, match="got 403"):
            probe(event_requester(running.invoke, {}), bundle="", person="sim-0001")
        probe(event_requester(running.invoke, {"x-origin-verify": "from-cloudfront"}), bundle="", person="sim-0001")
