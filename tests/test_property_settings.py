"""One Hypothesis profile holds for all property tests, and it has no deadline."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).resolve().parent
SCRIPT = "import tests.conftest, hypothesis; s = hypothesis.settings(); print(s.deadline, s.derandomize, s.database)"


def test_the_profile_has_no_time_limits() -> None:
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check


def test_no_test_has_a_deadline_of_its_own() -> None:
    files = [path for path in TESTS.rglob("*.py") if path != Path(__file__)]
    assert [path.name for path in files if "deadline=None" in path.read_text()] == ["conftest.py"]


@pytest.mark.parametrize(("ci", "output"), [("true", "None True None"), (None, "None False Directory")])
def test_examples_are_the_same_each_time_in_ci_alone(ci: str | None, output: str) -> None:
    # Hypothesis recognises many CI systems by their variables.
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = inherited | ({"CI": ci} if ci else {})
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(output), done.stdout
