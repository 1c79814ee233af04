"""Shared configuration: the Hypothesis profile, real servers as fixtures, and a summary of why tests were skipped.

One OpenSearch and one DynamoDB serve the whole run; tests that stop a server get their own. Tests isolate themselves
by unique names of indexes and tables (``unique_name``). See ``docs/servers.md``.
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

# The speed of the machine must not decide whether a property holds: no deadline, and no health check that looks at the
# clock. All else is Hypothesis' default. In CI it draws the same examples each time, so that a change does not fail by
# chance; locally it draws new ones, and retries failing ones first.
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
    """Print why tests were skipped, a line per reason, so that it is plain that they did not run."""
    for line in skip_lines(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(line, yellow=True)


@pytest.fixture(scope="session")
def servers() -> Installed:
    """The installed servers. Where they cannot run, CI fails; elsewhere the test is skipped with the reason."""
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
    """An OpenSearch that the test may stop and start; running at first. One per module, which keeps its indexes."""
    return module_opensearch.start()


@pytest.fixture(scope="module")
def module_dynamodb(servers: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DynamoDb]:
    log = tmp_path_factory.mktemp("own") / "dynamodb.log"
    with DynamoDb(log, on_disk=True, installed=servers) as server:
        yield server


@pytest.fixture
def own_dynamodb(module_dynamodb: DynamoDb) -> DynamoDb:
    """A DynamoDB that the test may stop and start; running at first. One per module, which keeps its tables."""
    return module_dynamodb.start()


@pytest.fixture
def unique_name() -> str:
    """A name that no other test uses, legal for indexes and tables."""
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose active bundle is ``make_bundle()``. Read-only for tests."""
    home, small = tmp_path_factory.mktemp("small") / "home", make_bundle()
    # With the id of the installed encoder: a server refuses a bundle made with another one.
    bundle = replace(small, embeddings=make_embeddings(len(small.catalogue), DIMS, encoder_id=MINILM.encoder_id))
    index = write_text_index(bundle.catalogue, tmp_path_factory.mktemp("index") / "text")
    path = write_bundle(bundle, index, home / "bundles", {"inputs": "none"})
    LocalBundles(home).activate(path.name)
    return home
