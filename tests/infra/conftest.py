"""The documented deployments, synthesised once per run, and the tools to examine them."""

from pathlib import Path

import pytest

from infra.variants import VARIANTS
from tests.infra.templates import Deployment, Template, deployment
from tests.infra.tools import node22


@pytest.fixture(scope="session")
def dev(run_folder: Path) -> Deployment:
    """Lambda, as the file of the stage has it: without OpenSearch."""
    return deployment(run_folder, "dev")


@pytest.fixture(scope="session")
def prod(run_folder: Path) -> Deployment:
    """Lambda, as the file of the stage has it: with OpenSearch."""
    return deployment(run_folder, "prod")


@pytest.fixture(scope="session")
def fargate(run_folder: Path) -> Deployment:
    """Fargate, in stage dev, with OpenSearch."""
    return deployment(run_folder, "fargate")


@pytest.fixture(scope="session")
def embedded(run_folder: Path) -> Deployment:
    """Prod without OpenSearch."""
    return deployment(run_folder, "embedded")


@pytest.fixture(scope="session")
def classic(run_folder: Path) -> Deployment:
    """Dev with a Classic collection."""
    return deployment(run_folder, "classic")


@pytest.fixture(scope="session")
def domain(run_folder: Path) -> Deployment:
    """Prod with a domain, a schedule, mail, a deep canary, service settings."""
    return deployment(run_folder, "domain")


@pytest.fixture(scope="session")
def explained(run_folder: Path) -> Deployment:
    """Dev with a model that writes the explanations, with a guardrail."""
    return deployment(run_folder, "explained")


@pytest.fixture(params=VARIANTS)
def app(request: pytest.FixtureRequest) -> Template:
    """The app stack of each variant in turn."""
    made: Deployment = request.getfixturevalue(request.param)
    return made.app


@pytest.fixture(params=["prod", "fargate", "classic", "domain"])
def searching(request: pytest.FixtureRequest) -> Template:
    """The app stack of each variant with a collection."""
    made: Deployment = request.getfixturevalue(request.param)
    return made.app


@pytest.fixture(scope="session")
def node() -> Path:
    """Node.js 22."""
    return node22()
