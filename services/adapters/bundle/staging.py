"""Staging of a bundle: built in a temporary folder, then renamed to its version atomically."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.adapters.bundle.reader import open_bundle
from services.recommender.errors import BundleError

_BUILDING = ".building-"


@contextmanager
def staged(root: Path) -> Iterator[Path]:
    """Create a temporary folder next to the bundles, on the same file system, so that renames are atomic."""
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=root))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settle(folder: Path, target: Path) -> Path:
    """Move a finished folder to its place, synced to disk; an intact bundle already there is kept."""
    _sync(folder)
    if target.exists():
        if is_intact(target):
            return target
        discarded = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=target.parent))
        target.rename(discarded / "damaged")
        shutil.rmtree(discarded)
    try:
        folder.rename(target)
    except OSError:
        # Another process has just written the same content.
        open_bundle(target)
    _sync_folder(target.parent)
    return target


def is_intact(path: Path) -> bool:
    """Return whether every byte of the bundle in a folder matches its manifest."""
    try:
        open_bundle(path, verify=True)
    except BundleError:
        return False
    return True


def _sync(folder: Path) -> None:
    """Sync every file of a folder to disk before the rename makes it visible."""
    for path in folder.rglob("*"):
        if path.is_dir():
            _sync_folder(path)
            continue
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
