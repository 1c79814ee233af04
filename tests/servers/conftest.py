"""Folders that any user can read, unlike pytest's: root runs the servers as nobody."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="marquee-test-") as made:
        Path(made).chmod(0o755)
        yield Path(made)
