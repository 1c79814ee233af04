"""A release of the program: its changelog's section and its images, named by the one version."""

from itertools import pairwise
from pathlib import Path

import pytest

from infra import package
from infra.image.errors import LayoutError
from infra.package import images, main, notes

CHANGELOG = """\
# Changelog

## [Unreleased]

- later

## [1.2.0] - 2026-11-28

### Added

- a film

## [1.1.0]

- old
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "services").mkdir()
    (tmp_path / "services/__init__.py").write_text('__version__ = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_the_notes_are_the_section_of_the_version(folder: Path) -> None:
    assert notes("v1.2.0", folder) == notes(None, folder) == "### Added\n\n- a film"


@pytest.mark.parametrize("tag", ["v1.2", "1.2.0", "v1.1.0", "main"])
def test_a_tag_of_another_version_is_refused(folder: Path, tag: str) -> None:
    with pytest.raises(LayoutError, match=r"services/__init__\.py says 1\.2\.0: expected v1\.2\.0"):
        notes(tag, folder)


def test_without_a_tag_the_unreleased_section_is_used(folder: Path) -> None:
    (folder / "services/__init__.py").write_text('__version__ = "1.3.0"\n')
    assert notes(None, folder) == "- later"
    with pytest.raises(LayoutError, match=r"no section \[1\.3\.0\]"):
        notes("v1.3.0", folder)


@pytest.mark.parametrize(("version", "complaint"), [("1.1.0", "YYYY-MM-DD"), ("1.2.0", "has no entries")])
def test_a_section_without_a_date_or_a_word_is_refused(folder: Path, version: str, complaint: str) -> None:
    (folder / "services/__init__.py").write_text(f'__version__ = "{version}"\n')
    (folder / "CHANGELOG.md").write_text(CHANGELOG.replace("### Added\n\n- a film\n\n", ""))
    with pytest.raises(LayoutError, match=complaint):
        notes(f"v{version}", folder)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker that records its arguments. Returns the file with them."""
    tool, calls = tmp_path / "docker", tmp_path / "asked"
    tool.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    return calls


def test_both_images_are_built_under_their_names_in_lower_case(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "project_version", lambda: "1.2.0")
    names = ["host/me/marquee-films", "host/me/marquee-films-lambda"]
    references = images("host/Me/", {}).splitlines()
    assert references == [f"{name}:{tag}" for name in names for tag in ("1.2.0", "latest")]
    built = [line.split() for line in docker.read_text().splitlines() if line.startswith("build ")]
    assert [words[words.index("--target") + 1] for words in built] == ["jobs", "lambda"]
    tags = [after for words in built for word, after in pairwise(words) if word == "--tag"]
    assert tags == references, "what is built is what is pushed"


def test_a_pre_release_is_not_the_latest(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "project_version", lambda: "1.3.0rc1")
    assert images("", {}).splitlines() == ["marquee-films:1.3.0rc1", "marquee-films-lambda:1.3.0rc1"]
    assert "latest" not in docker.read_text()


def test_in_ci_no_image_is_built_on_a_base_that_may_change(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> str:
        raise LayoutError("python:3.13 without a digest")

    monkeypatch.setattr(package, "check_pinned", refuse)
    with pytest.raises(LayoutError, match="without a digest"):
        images("", {"CI": "true"})
    assert "build" not in docker.read_text()


def test_without_docker_the_images_are_skipped_with_a_message_and_in_ci_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert images("", {}) == "The images were not built: docker is not running."
    with pytest.raises(LayoutError, match="docker is not running"):
        images("", {"CI": "true"})


def test_the_command_prints_the_notes_of_this_tree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notes"]) == 0
    assert "###" in capsys.readouterr().out
    assert main(["notes", "v0.0.0"]) == 1
    assert "expected v" in capsys.readouterr().err
