"""The examples of docs/clients.md, run unchanged against a server."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.kit import Served
from tests.openapi.snapshot import SNAPSHOT
from tests.patience import PATIENCE_S

PAGE = SNAPSHOT.with_name("clients.md")


def example(language: str) -> str:
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return str(block)


def run(folder: Path, *command: str, url: str = "") -> list[str]:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "MARQUEE_URL": url}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def check_output(lines: list[str]) -> None:
    assert len(lines) == 7
    assert lines[5].startswith("stored ")
    assert lines[6] == "refused: k must be between 1 and 100; got 101"


@pytest.mark.parametrize("source", ["server", "file"])
def test_the_python_example_runs(served: Served, tmp_path: Path, source: str) -> None:
    (generate,) = [line for line in example("sh").splitlines() if line.startswith("openapi-python-client")]
    of_server = "--url $MARQUEE_URL/openapi.json"
    assert of_server in generate
    # The committed description, of a server with keys, must do as well as the one that this server serves.
    description = f"--url {served.url}/openapi.json" if source == "server" else f"--path {SNAPSHOT}"
    program, *arguments = generate.replace(of_server, description).split()
    # Without the generator's hooks, which format the code with any ruff on the path.
    (tmp_path / "config.yml").write_text("post_hooks: []\n", "utf-8")
    run(tmp_path, str(Path(sys.executable).with_name(program)), *arguments, "--config", "config.yml")
    # Each run is of another person, as the server remembers the idempotency keys of the first.
    text = example("python") if source == "server" else example("python").replace('"ann', '"ann-by-file')
    (tmp_path / "example.py").write_text(text, "utf-8")
    check_output(run(tmp_path, sys.executable, "example.py", url=served.url))


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed; the JavaScript example did not run")
def test_the_javascript_example_runs(served: Served, tmp_path: Path) -> None:
    (tmp_path / "example.mjs").write_text(example("js"), "utf-8")
    check_output(run(tmp_path, "node", "example.mjs", url=served.url))
