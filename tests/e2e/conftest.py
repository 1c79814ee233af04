"""Fixtures: the sample catalogue, built once per session; every test gets a copy, every module a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.kit import Served, build_sample, copy_home
from tests.e2e.world import World, connected


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sample") / "home"
    build_sample(home)
    return home


@pytest.fixture
def home(sample_home: Path, tmp_path: Path) -> Path:
    return copy_home(sample_home, tmp_path / "home")


@pytest.fixture(scope="module")
def served(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = copy_home(sample_home, tmp_path_factory.mktemp("served") / "home")
    with Served(home) as server:
        yield server


@pytest.fixture(scope="session")
def world(opensearch_url: str, dynamodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server on real engines behind proxies. A test that breaks a proxy restores it."""
    with connected(tmp_path_factory.mktemp("remote") / "home", opensearch_url, dynamodb_url) as connected_world:
        yield connected_world
