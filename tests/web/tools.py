"""The tools of the browser tests: the system's Chromium, and axe-core from the npm registry, as locked."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.patience import DOWNLOAD_S
from tests.servers.locks import locked

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / ".tools/axe"
# As .ci/chromium looks for them.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Missing(Exception):
    """This machine lacks something; the message says what, and what to do."""


def find_chromium() -> str:
    """The path of the browser. Raises Missing."""
    for name in CHROMIUM:
        program = shutil.which(name)
        if program is not None:
            return program
    raise Missing("browser tests did not run: Chromium is not installed; install it, e.g. apt-get install chromium")


def install_axe(folder: Path = FOLDER) -> Path:
    """Install axe-core in the version of ``package-lock.json`` if needed and return its script. Several processes may
    call it at once.

    Raises Missing if npm is not there or can't fetch it.
    """
    package = folder / "node_modules/axe-core"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_suffix(".lock")):
        if _installed_version(package) != _locked_version():
            _fetch(folder)
    return package / "axe.min.js"


def _locked_version() -> str:
    lock = json.loads((HERE / "package-lock.json").read_text("utf-8"))
    return str(lock["packages"]["node_modules/axe-core"]["version"])


def _installed_version(package: Path) -> str | None:
    try:
        return str(json.loads((package / "package.json").read_text("utf-8"))["version"])
    except FileNotFoundError:
        return None


def _fetch(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("tests for barriers did not run: axe-core comes by npm, which is not on PATH; install Node.js")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = [npm, "ci", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DOWNLOAD_S)
    if done.returncode:
        output = (done.stderr or done.stdout).strip()[-400:]
        raise Missing(f"tests for barriers did not run: npm could not install axe-core: {output}")
