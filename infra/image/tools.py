"""The programs for laying out an image: uv, and a Python of the image's version."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.image.errors import LayoutError

ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_S = 600.0


def here() -> str:
    """Return the version of the running Python: "3.13"."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def uv(*arguments: str | Path) -> str:
    """Run uv and return its standard output. Raises LayoutError with its error output."""
    return run([_uv(), *map(str, arguments)])


def python_of(version: str) -> str:
    """Return the command of an installed Python of this version; none is downloaded. Raises LayoutError."""
    if version == here():
        return sys.executable
    try:
        return uv("python", "find", "--no-project", "--no-python-downloads", version).strip()
    except LayoutError as error:
        raise LayoutError(f"no Python {version} to compile bytecode with: install one, or use {here()}") from error


def run(command: Sequence[str]) -> str:
    """Run a program in the project's folder and return its output. Raises LayoutError with its last lines."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        output = str(getattr(error, "stderr", None) or error).strip().splitlines()[-6:]
        raise LayoutError(f"{Path(command[0]).name} failed: " + "\n".join(output)) from error
    return done.stdout


def _uv() -> str:
    """Return the project's own uv, else the one on PATH: the image's build stage has no ``.ci``."""
    own = ROOT / ".ci/uv"
    return str(own) if own.is_file() else "uv"
