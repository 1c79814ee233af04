"""Fixtures: a finished bundle of ``make_bundle()``, written once, and a bucket of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_jobs.text_index import write_text_index
from services.adapters.bundle.s3 import follower, objects
from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.writer import write_bundle
from tests.builders import make_bundle
from tests.patience import PATIENCE_S
from tests.s3_server import new_bucket, s3_server


@pytest.fixture(autouse=True)
def patient_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the time limits of the bucket's client, so that a slow machine causes no timeout."""
    monkeypatch.setattr(objects, "CONNECT_S", PATIENCE_S)
    monkeypatch.setattr(objects, "READ_S", PATIENCE_S)
    monkeypatch.setattr(follower, "_STOP_S", PATIENCE_S)


@pytest.fixture(scope="session")
def index_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_index(make_bundle().catalogue, tmp_path_factory.mktemp("index") / "text")


@pytest.fixture(scope="session")
def finished(index_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished bundle. Read-only: tests that damage a bundle copy it first."""
    return write_bundle(make_bundle(), index_dir, tmp_path_factory.mktemp("bundles"), {"inputs": "none"})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The URL of an S3 shared by the tests of a module."""
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(url: str) -> Bucket:
    """A bucket that no other test uses."""
    return new_bucket(url)
