"""Base images by digest: an image named by its tag alone is refused before a deployment."""

import os
from pathlib import Path

import pytest

from infra.image.__main__ import main
from infra.image.bases import check_pinned, digest_of, pin, unpinned
from infra.image.errors import LayoutError

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
TEXT = """\
# FROM commented/out:1
FROM scratch AS bundle
FROM registry.example/python:3.13 AS build
RUN echo FROM nothing/at:all
FROM --platform=linux/arm64 registry.example/python:3.13 AS other
FROM library/python:3.13-slim AS server
FROM server AS jobs
"""


@pytest.fixture
def dockerfile(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_text(TEXT)
    return path


def test_a_base_image_named_by_its_tag_is_refused(dockerfile: Path) -> None:
    assert unpinned(TEXT) == ["library/python:3.13-slim", "registry.example/python:3.13"]
    with pytest.raises(LayoutError, match=r"registry\.example/python:3\.13 without a digest.*`make pin`"):
        check_pinned(dockerfile)


def test_the_digest_follows_the_tag_and_is_renewed(dockerfile: Path) -> None:
    output = pin(dockerfile, lambda image: A)
    assert output.splitlines() == [f"library/python:3.13-slim@{A}", f"registry.example/python:3.13@{A}"]
    assert unpinned(dockerfile.read_text()) == []
    check_pinned(dockerfile)
    pin(dockerfile, lambda image: B)
    text = dockerfile.read_text()
    assert text.count(f"@{B}") == 3
    assert text.replace(f"@{B}", "") == TEXT


def test_a_failed_lookup_of_a_digest_changes_nothing(dockerfile: Path) -> None:
    def resolve(image: str) -> str:
        if "slim" in image:
            return A
        raise LayoutError("no way there")

    with pytest.raises(LayoutError, match="no way there"):
        pin(dockerfile, resolve)
    assert dockerfile.read_text() == TEXT


@pytest.mark.parametrize(
    ("script", "complaint"),
    [("echo latest", "latest"), ("echo not found >&2; exit 1", "not found"), ("exit 0", "no output")],
)
def test_only_a_valid_digest_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, complaint: str
) -> None:
    tool = tmp_path / "docker"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(LayoutError, match=complaint):
        digest_of("a/b:1")
    tool.write_text(f'#!/bin/sh\ntest "$6" = a/b:1 && echo {A}\n')
    assert digest_of("a/b:1") == A


def test_the_base_images_of_the_repository_are_pinned(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bases"]) == 0
    assert "pinned by digest" in capsys.readouterr().out
