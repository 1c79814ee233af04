"""File permissions: OpenSearch refuses to run as root, so root runs it as nobody, who must be able to read it."""

import os
import stat
from pathlib import Path

NOBODY = 65534


def anyone_can_read(path: Path) -> bool:
    """Whether a user without special permissions can read the path: others may enter every folder above it."""
    path = path.resolve()
    passable = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    return passable and bool(path.stat().st_mode & stat.S_IROTH)


def let_anyone_read(folder: Path) -> None:
    """Like ``chmod -R a+rX``: an archive unpacked under a strict umask is closed to others."""
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


def give_to_nobody(folder: Path) -> None:
    """Like ``chown -R``. Only root can."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
