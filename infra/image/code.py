"""Marquee's own code as layers: for serving, and for the command line and the data jobs."""

import re
import shutil
import tomllib
from pathlib import Path

from infra.image.bytecode import compile_all
from infra.image.errors import LayoutError
from infra.image.tools import ROOT

CODE = "code"
TOOLS = "tools"
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")


def lay_code(folder: Path, python: str) -> None:
    """Lay out ``folder/code`` for serving, and ``folder/tools`` with the command line and the data jobs on top of it.

    Raises LayoutError.
    """
    code, tools = folder / CODE, folder / TOOLS
    shutil.copytree(ROOT / "services", code / "services", ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "cli"))
    shutil.copytree(ROOT / "services/cli", tools / "services/cli", ignore=_IGNORED)
    shutil.copytree(ROOT / "data_jobs", tools / "data_jobs", ignore=_IGNORED)
    _lay_metadata(code)
    for layer in (code, tools):
        compile_all(layer, python)
        let_all_read(layer)


def _lay_metadata(folder: Path) -> None:
    """Write name and version as installed packages have them: for ``marquee --version`` and for scanners."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    version = project_version()
    metadata = folder / f"{project['name'].replace('-', '_')}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {version}\n"
        f"License-Expression: {project['license']}\n",
        encoding="utf-8",
    )


def project_version(folder: Path = ROOT) -> str:
    """Return the single version, read without importing the service. Raises LayoutError."""
    version = re.search(r'^__version__ = "(.+)"$', (folder / "services/__init__.py").read_text("utf-8"), re.MULTILINE)
    if version is None:
        raise LayoutError("services/__init__.py: no __version__")
    return version[1]


def let_all_read(folder: Path) -> None:
    """Make everything readable: the user of a function is not the user who built the image."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if path.is_dir() else 0o444))
