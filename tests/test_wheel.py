"""The wheel: built as by `uv build`, and run with its declared dependencies only; nothing uses the network."""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from services import __version__
from tests.e2e.kit import Served, environment, ids
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
# A proxy where nothing listens, so that no download leaves this machine.
NO_NETWORK = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
# Does what the script does that an installer generates for the entry point.
SCRIPT = (
    "import sys; from importlib.metadata import entry_points; sys.argv[0] = 'marquee'; "
    "(command,) = entry_points(group='console_scripts', name='marquee'); command.load()()"
)


@dataclass(frozen=True)
class Installed:
    """``packages``: the unpacked wheel and links to its dependencies, laid out as in a new environment."""

    wheel: Path
    packages: Path

    @property
    def program(self) -> list[str]:
        """The console script in a Python that has these packages and the standard library only."""
        return [str(Path(sys.executable).resolve()), "-S", "-c", SCRIPT]

    @property
    def env(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.packages), "PYTHONDONTWRITEBYTECODE": "1", **NO_NETWORK}

    def run(self, home: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.program, *arguments], cwd=home, env=environment(home, self.env | env), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    # The build backend directly: its version is locked, so no isolated environment has to be filled from an index.
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    packages = folder / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    for dependency in dependencies(Requirement(line) for line in required(packages)):
        for top in tops(dependency):
            (packages / top).symlink_to(Path(str(dependency.locate_file(top))))
    return Installed(wheel, packages)


def required(packages: Path) -> list[str]:
    """The requirements of the wheel, without its extras."""
    (metadata,) = packages.glob("marquee_films-*.dist-info/METADATA")
    lines = re.findall(r"^Requires-Dist: (.+)$", metadata.read_text("utf-8"), re.MULTILINE)
    return [line for line in lines if "extra ==" not in line]


def dependencies(requirements: Iterator[Requirement]) -> list[Distribution]:
    """The installed packages of these requirements, with their own dependencies."""
    distributions: dict[str, Distribution] = {}
    waiting = [(requirement, "") for requirement in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            dependency = distribution(requirement.name)
        except PackageNotFoundError:
            pytest.fail(f"{requirement} is needed and not locked")
        assert requirement.specifier.contains(dependency.version, prereleases=True), requirement
        name = dependency.metadata["Name"]
        extras = {"", *requirement.extras}
        if name not in distributions or requirement.extras:
            waiting += [(Requirement(line), extra) for line in dependency.requires or () for extra in extras]
        distributions[name] = dependency
    return list(distributions.values())


def tops(installed: Distribution) -> set[str]:
    """The top-level files and folders of a package in ``site-packages``."""
    parts = [path.parts[0] for path in installed.files or ()]
    return {part for part in parts if part not in ("..", "__pycache__")}


def names(requirements: list[str]) -> set[str]:
    return {str(Requirement(line)) for line in requirements}


def test_it_depends_on_exactly_the_packages_of_its_groups() -> None:
    """The dependencies are listed twice, since images are built from groups, which an installer does not read."""
    groups, project = PROJECT["dependency-groups"], PROJECT["project"]
    parts = [line for group in ("online", "server", "cli", "data") for line in groups[group]]
    assert names(project["dependencies"]) == names(parts)
    assert len(project["dependencies"]) == len(parts)
    assert project["optional-dependencies"] == {extra: groups[extra] for extra in ("encoder", "aws", "tune")}


@pytest.mark.parametrize("package", ["services", "data_jobs"])
def test_it_holds_every_file_of_its_packages(installed: Installed, package: str) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith(f"{package}/")}
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*") if path.is_file()}
    stages = {f"data_jobs/cost/stages/{path.name}" for path in (ROOT / "infra/stages").iterdir()}
    assert names == {path for path in files if "__pycache__" not in path} | (
        stages if package == "data_jobs" else set()
    )
    assert {"services": "services/web/index.html", "data_jobs": "data_jobs/cost/prices.toml"}[package] in names


def test_it_holds_neither_tests_nor_infrastructure(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert tops == {"services", "data_jobs", f"marquee_films-{__version__}.dist-info"}


def test_help_and_version_run_with_the_dependencies_alone(installed: Installed, tmp_path: Path) -> None:
    done = installed.run(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: marquee")
    assert installed.run(tmp_path, "--version").stdout == f"marquee {__version__}\n"


def test_nothing_else_can_be_imported_there(installed: Installed, tmp_path: Path) -> None:
    """Otherwise these tests would prove nothing."""
    for missing in ("boto3", "onnxruntime", "pytest", "moto", "httpx2"):
        done = subprocess.run(
            [installed.program[0], "-S", "-c", f"import {missing}"], cwd=tmp_path,
            env=environment(tmp_path, installed.env), capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert f"No module named '{missing}'" in done.stderr


def test_up_serves_the_sample_with_its_page_outside_of_a_checkout(installed: Installed, tmp_path: Path) -> None:
    with Served(tmp_path, env=installed.env, verb="up", program=installed.program) as server:
        assert "text vectors are off; install 'marquee-films[encoder]'" in server.log
        assert len(ids(server.recommend(k=5, query="samurai"))) == 5
        assert server.client.get("/app.js").status_code == server.client.get("/docs").status_code == 200
        assert server.stop() == 0


def test_the_prices_are_there(installed: Installed, tmp_path: Path) -> None:
    assert installed.run(tmp_path, "cost", "--rps", "1").returncode == 0


def test_a_missing_extra_is_named_with_the_remedy(installed: Installed, tmp_path: Path) -> None:
    encoder = installed.run(tmp_path, "build")
    assert encoder.returncode == 3
    assert "'marquee-films[encoder]'" in encoder.stderr
    assert "--encoder none" in encoder.stderr
    store = installed.run(tmp_path, "users", "export", "ann", DDB_USERS_TABLE="users", AWS_REGION="eu-west-1")
    assert store.returncode == 3
    assert "is not installed" in store.stderr
    assert "'marquee-films[aws]'" in store.stderr
    search = installed.run(tmp_path, "tune", "--encoder", "none")
    assert search.returncode == 3
    assert "'marquee-films[tune]'" in search.stderr
