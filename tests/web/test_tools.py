"""The tools of the browser tests: found, fetched once, or missing with a message on what to do."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.web.tools import CHROMIUM, HERE, Missing, find_chromium, install_axe

ROOT = HERE.parents[1]
SCRIPT = ROOT / ".ci/chromium"
UNPACKS = """\
echo run >> "$NOTES"
for word in "$@"; do case "$last" in --prefix) folder="$word" ;; esac; last="$word"; done
version=$(sed -n '/"node_modules\\/axe-core"/{n;s/.*"version": "\\(.*\\)".*/\\1/p;}' "$folder/package-lock.json")
mkdir -p "$folder/node_modules/axe-core"
echo "{\\"version\\": \\"$version\\"}" > "$folder/node_modules/axe-core/package.json"
echo "source" > "$folder/node_modules/axe-core/axe.min.js"
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH; its tools write to ``notes``."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    return tmp_path


def write_tool(machine: Path, name: str, script: str) -> None:
    (machine / name).write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}")
    (machine / name).chmod(0o755)


def notes(machine: Path) -> list[str]:
    kept = machine / "notes"
    return kept.read_text().splitlines() if kept.exists() else []


@pytest.mark.parametrize("name", CHROMIUM)
def test_the_system_s_own_browser_is_found(machine: Path, name: str) -> None:
    write_tool(machine, name, "exit 0")
    assert find_chromium() == str(machine / name)


def test_without_a_browser_the_reason_says_what_to_do(machine: Path) -> None:
    with pytest.raises(Missing, match=r"Chromium is not installed; install it, e\.g\. apt-get install chromium"):
        find_chromium()


def test_a_run_without_a_browser_ends_with_the_reason(machine: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "tests/web/test_browser.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    *lines, count = done.stdout.splitlines()
    reason = r"\d+ skipped: browser tests did not run: Chromium is not installed; install it, .*"
    # Without axe-core there is a second reason.
    assert [line for line in lines[-2:] if re.fullmatch(reason, line)]
    assert "passed" not in count


def test_axe_is_fetched_once_and_again_for_another_version(machine: Path) -> None:
    write_tool(machine, "npm", UNPACKS)
    axe_file = install_axe(machine / "axe")
    assert axe_file.read_text() == "source\n"
    assert install_axe(machine / "axe") == axe_file
    assert notes(machine) == ["run"]
    axe_file.with_name("package.json").write_text('{"version": "0.0.1"}')
    install_axe(machine / "axe")
    assert notes(machine) == ["run", "run"]


@pytest.mark.parametrize(
    ("npm", "said"), [(None, "npm, which is not on PATH"), ("echo offline >&2; exit 1", "could not install.*offline")]
)
def test_without_npm_the_reason_says_so(machine: Path, npm: str | None, said: str) -> None:
    if npm:
        write_tool(machine, "npm", npm)
    with pytest.raises(Missing, match=said):
        install_axe(machine / "axe")


def in_ci(machine: Path) -> str:
    """Run CI's script on the machine as a user who may install. Returns its error output; it never fails."""
    write_tool(machine, "env", f'exec /usr/bin/env PATH="{machine}" "$@"')
    write_tool(machine, "sudo", f'shift; [ "$1" = true ] || exec "{machine}/env" "$@"')
    done = subprocess.run(["/bin/bash", SCRIPT], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("name", CHROMIUM)
def test_ci_installs_no_second_browser(machine: Path, name: str) -> None:
    write_tool(machine, name, "exit 0")
    write_tool(machine, "apt-get", 'echo "$@" >> "$NOTES"')
    assert in_ci(machine) == ""
    assert notes(machine) == []


def test_ci_installs_debian_s_package(machine: Path) -> None:
    write_tool(machine, "apt-get", 'echo "$@" >> "$NOTES"; [ "$1" = install ]')
    assert in_ci(machine) == ""
    assert notes(machine) == ["update -qq", "install -y -qq --no-install-recommends chromium"]


@pytest.mark.parametrize(
    ("apt", "said"), [(None, "no apt-get to install it with"), ("exit 100", "apt-get could not install it")]
)
def test_if_ci_can_t_install_it_the_script_says_so_and_succeeds(machine: Path, apt: str | None, said: str) -> None:
    if apt:
        write_tool(machine, "apt-get", apt)
    assert said in in_ci(machine)
    assert "the browser tests will be skipped" in in_ci(machine)


def test_ci_has_its_browser_before_the_tests() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert lines.index(".ci/chromium") < lines.index("make --no-print-directory test")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_test_fetches_axe_first() -> None:
    commands = subprocess.run(
        ["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert commands.index("-m tests.web") < commands.index("pytest")
