"""Fixtures that are laid out or built once per run, also with several processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_jobs.bench.emulator import Emulated
from infra.image.emulator import install_emulator
from infra.image.layers import Wheels
from infra.image.release import stage_release
from infra.image.task import lay_task
from infra.image.tools import here
from tests.container.kit import HANDLER, Tree, function, needed
from tests.e2e.kit import build_sample
from tests.patience import LONGEST_MS
from tests.servers.locks import locked


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder with the emulator and the runtime client."""
    return needed(install_emulator)


@pytest.fixture(scope="session")
def tree(run_folder: Path) -> Tree:
    """The image's tree for this machine and this Python."""
    layers = run_folder / "image"
    with locked(run_folder / "image.lock"):
        if not (layers / "done").exists():
            needed(lambda: lay_task(layers, Wheels(here())))
            (layers / "done").touch()
    return Tree(layers / "task", layers)


@pytest.fixture(scope="session")
def release(run_folder: Path) -> Path:
    """A release of the sample catalogue, as in an image."""
    built, staged = run_folder / "image-home", run_folder / "image-release"
    with locked(run_folder / "image-release.lock"):
        if not staged.exists():
            build_sample(built)
            stage_release(built, staged)
    return staged


@pytest.fixture
def home(release: Path, tmp_path: Path) -> Path:
    """A writable home with links to the release, for SQLite."""
    folder = tmp_path / "home"
    folder.mkdir()
    for path in release.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture
def emulated(tools: Path, tree: Tree, home: Path, tmp_path: Path) -> Iterator[Emulated]:
    """The function in the emulator."""
    environment = {"MARQUEE_HOME": str(home), "METRICS": "emf", "REQUEST_DEADLINE_MS": str(LONGEST_MS)}
    with Emulated(function(tools, (tree.task,), HANDLER, environment), tmp_path / "function.log") as running:
        yield running
