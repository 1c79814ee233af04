"""What happens where the servers can't run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.errors import CannotRun
from tests.servers.install import Installed
from tests.servers.requirement import required, skip_lines
from tests.servers.scripted import NOWHERE

SKIPS = """
import pytest

@pytest.mark.parametrize("n", [1, 2])
def test(n):
    pytest.skip("no JDK")
"""


def unable() -> Installed:
    raise CannotRun("no JDK 21 here")


def report(reason: str) -> pytest.TestReport:
    where = ("tests/conftest.py", 1, f"Skipped: {reason}")
    return pytest.TestReport("test", ("f", 0, "test"), {}, "skipped", where, "setup")


def test_installed_servers_are_returned() -> None:
    assert required(lambda: NOWHERE, {"CI": "true"}) is NOWHERE


@pytest.mark.parametrize("value", ["true", "True", "1"])
def test_ci_fails_without_servers(value: str) -> None:
    with pytest.raises((CannotRun, pytest.skip.Exception), match="no JDK 21 here") as raised:
        required(unable, {"CI": value})
    assert raised.type is CannotRun  # a skip would pass for this test's own


@pytest.mark.parametrize("environment", [{}, {"CI": ""}, {"CI": "false"}])
def test_elsewhere_the_test_is_skipped_with_the_reason(environment: dict[str, str]) -> None:
    with pytest.raises(pytest.skip.Exception, match="no JDK 21 here"):
        required(unable, environment)


def test_the_last_lines_count_the_skipped_by_reason() -> None:
    reports = [report("no browser"), report("no JDK"), report("no JDK")]
    assert skip_lines(reports) == ["2 skipped: no JDK", "1 skipped: no browser"]


def test_a_reason_of_several_lines_is_joined() -> None:
    assert skip_lines([report("Maven failed:\n[ERROR] offline")]) == ["1 skipped: Maven failed: [ERROR] offline"]


def test_a_run_ends_with_the_reasons(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    shutil.copy(root / "tests/conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(SKIPS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[-2] == "2 skipped: no JDK"
    assert said[-1].startswith("2 skipped in ")
