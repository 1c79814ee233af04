"""One profile applies to all property tests: no property fails because a machine is slow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).resolve().parent
SAYS = "import tests.conftest, hypothesis; s = hypothesis.settings(); print(s.deadline, s.derandomize, s.database)"


def test_no_property_depends_on_the_clock() -> None:
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check


def test_no_test_has_a_deadline_of_its_own() -> None:
    others = [path for path in TESTS.rglob("*.py") if path != Path(__file__)]
    assert [path.name for path in others if "deadline=None" in path.read_text()] == ["conftest.py"]


@pytest.mark.parametrize(("ci", "says"), [("true", "None True None"), (None, "None False Directory")])
def test_examples_are_the_same_each_time_in_ci_alone(ci: str | None, says: str) -> None:
    # Hypothesis knows many CI systems by their variables.
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = kept | ({"CI": ci} if ci else {})
    done = subprocess.run(
        [sys.executable, "-c", SAYS], cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(says), done.stdout
