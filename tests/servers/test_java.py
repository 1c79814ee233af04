"""Which kit is taken, and what is said when none will do."""

import re
from pathlib import Path

import pytest

from tests.servers.access import anyone_can_read, give_to_nobody, let_anyone_read
from tests.servers.errors import CannotRun
from tests.servers.java import candidates, first_fit, version_of


def make_kit(home: Path, output: str, *, compiler: bool = True) -> Path:
    """A folder like a JDK's, whose ``java -version`` tells this."""
    (home / "bin").mkdir(parents=True)
    (home / "bin/java").write_text(f"#!/bin/sh\necho '{output}' >&2\n")
    (home / "bin/java").chmod(0o755)
    if compiler:
        (home / "bin/javac").touch(0o755)
    return home


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ('openjdk version "25.0.1" 2025-10-21 LTS', 25),
        ('openjdk version "21-ea" 2023-09-19', 21),
        ('java version "1.8.0_402"', 8),
        ("Error: could not find libjvm", 0),
    ],
)
def test_the_version_is_parsed_from_the_output_of_java(open_folder: Path, output: str, version: int) -> None:
    assert version_of(make_kit(open_folder / "kit", output)) == version


def test_a_java_that_does_not_run_has_no_version(open_folder: Path) -> None:
    kit = make_kit(open_folder / "kit", "")
    (kit / "bin/java").chmod(0o644)
    assert version_of(kit) == 0


def test_the_first_suitable_kit_is_chosen(open_folder: Path) -> None:
    old = make_kit(open_folder / "old", 'openjdk version "17.0.15"')
    good = make_kit(open_folder / "good", 'openjdk version "21.0.2"')
    newer = make_kit(open_folder / "newer", 'openjdk version "25"')
    (open_folder / "link").symlink_to(good)
    kit = first_fit([open_folder / "none", old, open_folder / "link", newer])
    assert (kit.home, kit.version) == (good.resolve(), 21)
    assert (kit.java, kit.javac) == (f"{kit.home}/bin/java", f"{kit.home}/bin/javac")


def test_the_refusal_names_every_kit_and_its_fault(open_folder: Path) -> None:
    make_kit(open_folder / "old", 'openjdk version "17.0.15"')
    make_kit(open_folder / "runtime", 'openjdk version "21.0.2"', compiler=False)
    make_kit(open_folder / "broken", "no")
    with pytest.raises(CannotRun, match=re.escape("21 or newer")) as refusal:
        first_fit([open_folder / "old", open_folder / "runtime", open_folder / "broken"])
    said = str(refusal.value)
    assert "old (version 17)" in said
    assert "runtime (version 21 without javac: a JRE, not a JDK)" in said
    assert "broken (does not run)" in said


def test_the_refusal_says_if_there_is_no_kit() -> None:
    with pytest.raises(CannotRun, match="Found: none"):
        first_fit([])


def test_java_home_comes_first(monkeypatch: pytest.MonkeyPatch, open_folder: Path) -> None:
    on_path = make_kit(open_folder / "path", "")
    monkeypatch.setenv("JAVA_HOME", str(open_folder / "named"))
    monkeypatch.setenv("PATH", str(on_path / "bin"))
    homes = list(candidates())
    assert homes[:2] == [open_folder / "named", on_path.resolve()]


def test_a_file_is_unreadable_below_a_closed_folder(open_folder: Path) -> None:
    program = open_folder / "above/program"
    program.mkdir(parents=True)
    program.chmod(0o755)
    program.parent.chmod(0o700)
    assert not anyone_can_read(program)
    program.parent.chmod(0o711)
    assert anyone_can_read(program)
    program.chmod(0o750)
    assert not anyone_can_read(program)


def test_files_closed_by_a_strict_umask_are_opened(open_folder: Path) -> None:
    folder = open_folder / "program"
    folder.mkdir(mode=0o700)
    (folder / "data").touch(0o600)
    (folder / "tool").touch(0o700)
    let_anyone_read(folder)
    modes = [path.stat().st_mode & 0o777 for path in (folder, folder / "data", folder / "tool")]
    assert modes == [0o755, 0o644, 0o755]


def test_only_root_gives_files_away(open_folder: Path) -> None:
    (open_folder / "file").touch()
    try:
        give_to_nobody(open_folder)
    except PermissionError:
        assert (open_folder / "file").owner() != "nobody"
    else:
        assert (open_folder / "file").stat().st_uid == 65534
