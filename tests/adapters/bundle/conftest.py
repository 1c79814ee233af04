"""A finished bundle of the small world, made once."""

from pathlib import Path

import pytest

from data_jobs.text_index import write_text_index
from services.adapters.bundle.writer import write_bundle
from tests.builders import make_bundle


@pytest.fixture(scope="session")
def index_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_index(make_bundle().catalogue, tmp_path_factory.mktemp("index") / "text")


@pytest.fixture(scope="session")
def finished(index_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Never change it: tests that damage a bundle copy it first."""
    return write_bundle(make_bundle(), index_dir, tmp_path_factory.mktemp("bundles"), {"inputs": "none"})
