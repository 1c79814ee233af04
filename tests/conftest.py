"""For all tests: the profile of the property tests, real servers as fixtures, and the reasons of skipped tests.

One OpenSearch and one DynamoDB serve the whole run; tests that stop a server get their own. Tests are isolated by the
names of their indexes and tables (``unique_name``). See ``docs/servers.md``.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from data_jobs.text_index import write_text_index
from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.writer import write_bundle
from services.adapters.embed.onnx import DIMS, MINILM
from tests.builders import make_bundle, make_embeddings
from tests.servers.dynamodb import DynamoDb
from tests.servers.install import Installed, install
from tests.servers.opensearch import OpenSearch
from tests.servers.requirement import required, skip_lines
from tests.servers.sharing import shared

# No property may fail because the machine is slow: no deadline, and no health check that measures time. The rest is
# Hypothesis' default: in CI the same examples each time, so that results depend on the change and not on luck;
# elsewhere new ones, with failing examples tried first the next time.
settings.register_profile("marquee", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("marquee")

SERVERS = {"servers", "opensearch_url", "dynamodb_url", "own_opensearch", "own_dynamodb"}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "servers: needs real servers (JDK 21 and Maven); set by their fixtures")
    config.addinivalue_line("markers", "registry: installs the package, dependencies included, from a package registry")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("servers")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print why tests were skipped, one line per reason, so that they are not taken for passed."""
    for line in skip_lines(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(line, yellow=True)


@pytest.fixture(scope="session")
def servers() -> Installed:
    """The installed servers. If they can't run, CI fails; elsewhere the test is skipped with the reason."""
    return required(install, os.environ)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def opensearch_url(servers: Installed, run_folder: Path) -> Iterator[str]:
    """The run's OpenSearch, shared by all tests: use your own indexes."""
    with shared(lambda log: OpenSearch(log, installed=servers), "opensearch", run_folder) as url:
        yield url


@pytest.fixture(scope="session")
def dynamodb_url(servers: Installed, run_folder: Path) -> Iterator[str]:
    """The run's DynamoDB, shared by all tests: use your own tables."""
    with shared(lambda log: DynamoDb(log, installed=servers), "dynamodb", run_folder) as url:
        yield url


@pytest.fixture(scope="module")
def module_opensearch(servers: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearch]:
    with OpenSearch(tmp_path_factory.mktemp("own") / "opensearch.log", installed=servers) as server:
        yield server


@pytest.fixture
def own_opensearch(module_opensearch: OpenSearch) -> OpenSearch:
    """An OpenSearch to stop and start, running when the test begins; one per module, which keeps its indexes."""
    return module_opensearch.start()


@pytest.fixture(scope="module")
def module_dynamodb(servers: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DynamoDb]:
    log = tmp_path_factory.mktemp("own") / "dynamodb.log"
    with DynamoDb(log, on_disk=True, installed=servers) as server:
        yield server


@pytest.fixture
def own_dynamodb(module_dynamodb: DynamoDb) -> DynamoDb:
    """A DynamoDB to stop and start, running when the test begins; one per module, which keeps its tables."""
    return module_dynamodb.start()


@pytest.fixture
def unique_name() -> str:
    """A name that no other test has, legal for indexes and tables."""
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the bundle of the small world active. Nothing may be written into it."""
    home, small = tmp_path_factory.mktemp("small") / "home", make_bundle()
    # Vectors of the installed encoder: a server refuses a bundle with those of another one.
    bundle = replace(small, embeddings=make_embeddings(len(small.catalogue), DIMS, encoder_id=MINILM.encoder_id))
    index = write_text_index(bundle.catalogue, tmp_path_factory.mktemp("index") / "text")
    made = write_bundle(bundle, index, home / "bundles", {"inputs": "none"})
    LocalBundles(home).activate(made.name)
    return home
