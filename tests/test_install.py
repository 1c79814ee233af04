"""The package as users install it: built by `uv build`, installed into new environments outside the tree, and run.

These tests fetch packages (most are in uv's cache after `uv sync`). Where no registry answers they are skipped with a
reason; in CI they fail. ``test_wheel.py`` checks what needs no network.
"""

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.e2e.kit import Served, environment, ids
from tests.patience import DOWNLOAD_S, PATIENCE_S, wait_for
from tests.servers.errors import CannotRun
from tests.servers.requirement import required

pytestmark = pytest.mark.registry

ROOT = Path(__file__).resolve().parents[1]
UV = str(ROOT / ".ci/uv")
# Messages of uv when it cannot reach an index, as opposed to an index without the package.
_UNREACHABLE = re.compile(r"error sending request|dns error|failed to fetch|network was disabled", re.IGNORECASE)
# Environment variables that uv needs to reach an index.
_NETWORK = re.compile(r"(UV|SSL|HTTPS?|ALL|NO)_|(https?|all|no)_proxy")


@dataclass(frozen=True)
class Built:
    """The output of `uv build`, and the locked versions: new releases of dependencies must not break these tests."""

    wheel: Path
    sdist: Path
    constraints: Path


def uv(*arguments: str | Path, env: Mapping[str, str] | None = None) -> str:
    """Run uv. Raises CannotRun where no registry answers; any other failure fails the test."""
    inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [UV, *map(str, arguments)], cwd=ROOT, env={**inherited, **(env or {})}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=DOWNLOAD_S, check=False,
    )  # fmt: skip
    if done.returncode and _UNREACHABLE.search(done.stderr):
        raise CannotRun(f"no package registry answers, so nothing was installed: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(folder: Path) -> Built:
    constraints = folder / "constraints.txt"
    exported = uv("export", "--locked", "--quiet", "--all-groups", "--no-hashes", "--no-emit-project", "--no-header")
    constraints.write_text(exported, "utf-8")
    uv("build", "--out-dir", folder, "--build-constraints", constraints)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, sdist, constraints)


def fresh(folder: Path, *installed: str | Path) -> Path:
    """The Python of a new environment with only these packages."""
    uv("venv", "--quiet", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", python, *installed)
    return python


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return required(lambda: build(tmp_path_factory.mktemp("dist")), os.environ)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed") / "venv"
    return required(lambda: fresh(folder, built.wheel, "--constraints", built.constraints), os.environ)


def run(command: list[str | Path], home: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=home, env=environment(home), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_line_recommends_from_a_fresh_environment(installed: Path, tmp_path: Path) -> None:
    marquee = installed.with_name("marquee")
    run([marquee, "build", "--encoder", "none"], tmp_path)
    assert "Seven Samurai (1954)" in run([marquee, "recommend", "--query", "samurai"], tmp_path)


def test_the_one_line_of_the_readme_serves_the_sample(built: Built, tmp_path: Path) -> None:
    """``uvx --from WHEEL marquee up``: the wheel holds the page, its files and the sample."""
    program = [UV, "tool", "run", "--constraints", str(built.constraints), "--from", str(built.wheel), "marquee"]
    network = {name: value for name, value in os.environ.items() if _NETWORK.match(name)}
    with Served(tmp_path, env=network, verb="up", program=program) as server:
        assert len(ids(server.recommend(k=5, query="samurai"))) == 5
        assert [server.client.get(path).status_code for path in ("/", "/app.js", "/docs")] == [200, 200, 200]


def test_the_api_alone_answers_without_the_command_line_and_the_data_jobs(
    built: Built, installed: Path, tmp_path: Path
) -> None:
    """The same packages as in an image: the groups ``online`` and ``server``, and the wheel without dependencies."""
    run([installed.with_name("marquee"), "build", "--encoder", "none"], tmp_path)
    groups = ("--no-default-groups", "--only-group", "online", "--only-group", "server")
    (tmp_path / "api.txt").write_text(uv("export", "--locked", "--quiet", "--no-header", *groups), "utf-8")
    python = fresh(tmp_path / "venv", "--requirements", tmp_path / "api.txt")
    uv("pip", "install", "--quiet", "--python", python, "--no-deps", built.wheel)
    absent = "import importlib.util as u; print([n for n in ('typer', 'rich', 'polars', 'scipy') if u.find_spec(n)])"
    assert run([python, "-c", absent], tmp_path) == "[]\n"
    with uvicorn(python, tmp_path) as url:
        answer = httpx2.post(f"{url}/recommend", json={"query": "samurai", "k": 5}, timeout=PATIENCE_S)
    assert (answer.status_code, len(answer.json()["items"])) == (200, 5)


@contextmanager
def uvicorn(python: Path, home: Path) -> Iterator[str]:
    """Run the API under plain uvicorn on a free port and yield its URL, read from the log."""
    log = home / "uvicorn.log"
    command = [python, "-m", "uvicorn", "--factory", "services.cli.asgi:application", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=home, env=environment(home), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        wait_for(lambda: process.poll() is not None or "running on" in log.read_text("utf-8"), "the API")
        match = re.search(r"running on (http://\S+)", log.read_text("utf-8"))
        assert match, log.read_text("utf-8")
        yield match[1]
    finally:
        process.kill()
        process.wait()


def test_the_source_distribution_holds_exactly_what_the_wheel_is_built_from(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        entries = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    text = {".gitignore", "CHANGELOG.md", "LICENSE", "NOTICE", "PKG-INFO", "README.md", "pyproject.toml"}
    assert entries == {"services", "data_jobs", "infra"} | text


def test_an_unreachable_registry_is_distinguished_from_a_failing_package(tmp_path: Path) -> None:
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "UV_CACHE_DIR": str(tmp_path), "UV_HTTP_RETRIES": "0"}
    with pytest.raises(CannotRun, match="no package registry answers"):
        uv("build", "--out-dir", tmp_path, env=nowhere)
    with pytest.raises(AssertionError):
        uv("build", "--out-dir", tmp_path, tmp_path / "no-such-project")
