"""Open paths from the command line as plain files: folders are walked, zips and gzips unpacked within limits.

Of an archive's paths only the last part of each name is used, so nothing can be written outside.
"""

import gzip
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from data_jobs.report import DataError
from services.adapters.archive import ZIP, Allowance, ArchiveError, counts, is_workbook, members

MAX_FILES = 20_000
MAX_UNPACKED = 32 * 2**30
_SPARE = 64 * 2**20
_DEPTH = 3
_NESTED = 2
"""How deep zips are unpacked: a zip, and the zips in it."""
_JSON_GZ = re.compile(r"\.jsonl?\.gz$|\.ndjson\.gz$", re.IGNORECASE)
_MAGIC = ((ZIP, "zip"), (b"\x1f\x8b", "gzip"))


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield the plain files of these paths in order; unpacked files are deleted afterwards.

    Raises DataError for a missing path, a broken archive, or one beyond the limits.
    """
    with tempfile.TemporaryDirectory(prefix="marquee-input-") as folder:
        scratch = _Scratch(Path(folder))
        files = list(dict.fromkeys(file for path in paths for file in _files(path, scratch)))
        if len(files) > MAX_FILES:
            raise DataError(f"{paths[0]}: more than {MAX_FILES:,} files; name those with the films and events")
        yield files


def kind_of(path: Path) -> str:
    """Return "zip", "gzip" or "" by the file's first bytes."""
    with path.open("rb") as file:
        head = file.read(4)
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")


def _files(path: Path, scratch: "_Scratch") -> Iterator[Path]:
    if path.is_dir():
        for file in _walk(path, path):
            yield from scratch.plain(file)
    elif path.is_file():
        yield from scratch.plain(path)
    else:
        raise DataError(f"{path}: no such file or folder")


def _walk(folder: Path, top: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if not counts(path.name):
            continue
        if path.is_dir() and not path.is_symlink() and len(path.relative_to(top).parts) < _DEPTH:
            yield from _walk(path, top)
        elif path.is_file():
            yield path


class _Scratch:
    """A temporary folder, and the allowance left for unpacking into it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._allowance = Allowance(MAX_FILES, MAX_UNPACKED)
        self._count = 0

    def plain(self, path: Path, depth: int = 0) -> Iterator[Path]:
        """Yield the file itself or the files packed in it. Workbooks, and zips deeper than ``_NESTED``, stay packed."""
        kind = kind_of(path)
        try:
            if kind == "zip" and depth < _NESTED and not is_workbook(path):
                for target in self._unzipped(path):
                    yield from self.plain(target, depth + 1)
                return
            unpacked = self._unpacked(path) if kind == "gzip" and not _JSON_GZ.search(path.name) else path
        except (ArchiveError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            why = str(error) if isinstance(error, ArchiveError) else f"is not a complete gzip ({error})"
            raise DataError(f"{path.name}: fatal unreadable-file: it {why}; copy or download it again") from error
        yield unpacked

    def _unzipped(self, path: Path) -> list[Path]:
        """Unpack a zip; return its files in the order of their names in it."""
        placed: dict[tuple[str, int], Path] = {}
        for member in members(path, self._allowance):
            placed[member.name, len(placed)] = self._write(member.base, member.blocks, path.name)
        return [placed[key] for key in sorted(placed)]

    def _unpacked(self, path: Path) -> Path:
        with gzip.open(path, "rb") as source:
            blocks = self._allowance.blocks(source, path.stat().st_size, path.name)
            return self._write(path.name.removesuffix(".gz"), blocks, path.name)

    def _write(self, name: str, blocks: Iterable[bytes], packed: str) -> Path:
        """Write a file into a folder of its own."""
        if shutil.disk_usage(self._folder).free < _SPARE:
            raise DataError(f"{packed}: no space to unpack it in {self._folder.parent}; set TMPDIR to a larger disk")
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        target = folder / (re.sub(r"[\x00-\x1f/]", "_", name)[-200:] or "file")
        with target.open("wb") as file:
            file.writelines(blocks)
        return target
