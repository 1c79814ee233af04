"""Programs for the infrastructure tests, installed into ``.tools`` on first use."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.patience import DOWNLOAD_S
from tests.servers.locks import locked

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools"
NODE = "22.23.3"


def run(command: Sequence[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the project's folder; any exit code is accepted."""
    return subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DOWNLOAD_S,
    )


def node22() -> Path:
    """Node.js of the canary's runtime. If it can't be installed, skips the test; in CI fails it."""
    folder = TOOLS / f"node-{NODE}"
    node = folder / "node_modules/node/bin/node"
    TOOLS.mkdir(exist_ok=True)
    with locked(TOOLS / "node.lock"):
        if not node.is_file():
            npm = shutil.which("npm")
            if npm is None:
                return _cannot("the canary's own code needs npm on PATH to install Node.js 22")
            done = run([npm, "install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", f"node@{NODE}"])
            if done.returncode or not node.is_file():
                return _cannot(f"Node.js {NODE} could not be installed by npm: {done.stderr[-400:]}")
    return node


def checkov() -> list[str]:
    """The command of checkov, in its own environment. If it can't be installed, skips the test; in CI fails it."""
    uv = [str(ROOT / ".ci/uv"), "run", "--project", "infra/checks", "--locked", "--quiet"]
    environment = {"UV_PROJECT_ENVIRONMENT": str(TOOLS / "checkov")}
    with locked(TOOLS / "checkov.lock"):
        done = run([*uv, "checkov", "--version"], **environment)
    if done.returncode:
        _cannot(f"checkov could not be installed: {done.stderr[-400:]}")
    return [*uv, "checkov"]


def _cannot(reason: str) -> Path:
    if os.environ.get("CI", "").lower() in {"true", "1"}:
        pytest.fail(reason)
    pytest.skip(reason)
