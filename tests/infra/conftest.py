"""The three deployments that are tested, each synthesised once in a run, and the tools that look at them."""

from pathlib import Path

import pytest

from tests.infra.templates import VARIANTS, Deployment, Template, deployment
from tests.infra.tools import node22


@pytest.fixture(scope="session")
def dev(run_folder: Path) -> Deployment:
    """Lambda, nothing set but the stage."""
    return deployment(run_folder, "dev")


@pytest.fixture(scope="session")
def prod(run_folder: Path) -> Deployment:
    """Lambda, with a domain, a schedule, mail, and a deep canary."""
    return deployment(run_folder, "prod")


@pytest.fixture(scope="session")
def fargate(run_folder: Path) -> Deployment:
    """Fargate, in stage dev."""
    return deployment(run_folder, "fargate")


@pytest.fixture(params=VARIANTS)
def app(request: pytest.FixtureRequest) -> Template:
    """The app stack of each of them in turn."""
    made: Deployment = request.getfixturevalue(request.param)
    return made.app


@pytest.fixture(scope="session")
def node() -> Path:
    """Node.js 22."""
    return node22()
