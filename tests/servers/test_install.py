"""The servers are installed once, whole or not at all; what Maven does is played by a script."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.servers.errors import CannotRun
from tests.servers.install import fingerprint, install
from tests.servers.java import Jdk

UNPACKS = """\
echo run >> "$COUNT"
for word in "$@"; do case "$word" in -Dservers.folder=*) folder="${word#-Dservers.folder=}" ;; esac; done
mkdir -p "$folder/opensearch-3.5.0/lib" "$folder/dynamodb/lib"
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH that matters, with a Maven that counts its runs in ``runs``."""
    (tmp_path / "bin").mkdir()
    write_tool(tmp_path / "bin/mvn", UNPACKS)
    write_tool(tmp_path / "jdk/bin/javac", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("COUNT", str(tmp_path / "runs"))
    return tmp_path


def write_tool(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}")
    path.chmod(0o755)


def installed_by(machine: Path) -> Path:
    return install(machine / "servers", Jdk(machine / "jdk", 21)).folder


def runs(machine: Path) -> int:
    return len((machine / "runs").read_text().splitlines())


def left_over(machine: Path) -> list[str]:
    return sorted(path.name for path in (machine / "servers").iterdir() if path.is_dir())


def test_it_is_installed_once(machine: Path) -> None:
    servers = install(machine / "servers", Jdk(machine / "jdk", 21))
    assert servers.opensearch.name == "opensearch-3.5.0"
    assert servers.dynamodb.is_dir()
    assert installed_by(machine) == servers.folder
    assert runs(machine) == 1
    assert left_over(machine) == [fingerprint()]


def test_concurrent_callers_install_once(machine: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        folders = set(pool.map(lambda _: installed_by(machine), range(6)))
    assert folders == {machine / "servers" / fingerprint()}
    assert runs(machine) == 1


@pytest.mark.parametrize("tool", ["bin/mvn", "jdk/bin/javac"])
def test_a_failure_leaves_nothing_and_shows_what_the_tool_said(machine: Path, tool: str) -> None:
    good = (machine / tool).read_text()
    write_tool(machine / tool, "echo '[ERROR] no such artifact'; exit 1")
    with pytest.raises(CannotRun, match=r"(?s)could not install the servers.*no such artifact"):
        installed_by(machine)
    assert left_over(machine) == []
    (machine / tool).write_text(good)
    assert installed_by(machine).is_dir()


def test_broken_attempts_are_removed_and_earlier_versions_kept(machine: Path) -> None:
    for name in ("0123456789ab", "new-broken"):
        (machine / "servers" / name).mkdir(parents=True)
    installed_by(machine)
    assert left_over(machine) == sorted(["0123456789ab", fingerprint()])


def test_without_maven_the_message_says_so(machine: Path) -> None:
    (machine / "bin/mvn").unlink()
    with pytest.raises(CannotRun, match="mvn is not on PATH"):
        installed_by(machine)


def test_an_existing_installation_needs_no_maven(machine: Path) -> None:
    folder = installed_by(machine)
    (machine / "bin/mvn").unlink()
    assert installed_by(machine) == folder


def test_maven_gets_the_found_kit_only_without_its_own(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tool(machine / "bin/mvn", f'echo "$JAVA_HOME" > "{machine}/java"; exit 1')
    monkeypatch.delenv("JAVA_HOME", raising=False)
    for set_home, seen in ((None, str(machine / "jdk")), ("/my/own", "/my/own")):
        if set_home:
            monkeypatch.setenv("JAVA_HOME", set_home)
        with pytest.raises(CannotRun):
            installed_by(machine)
        assert (machine / "java").read_text().strip() == seen
