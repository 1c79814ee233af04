"""Open command-line paths as plain files: folders are walked, zips and gzips unpacked within limits.

Of an archive's paths only the last part of each name is used, so nothing can be written outside.
"""

import gzip
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from data_jobs.report import DataError

MAX_FILES = 20_000
MAX_BYTES = 32 * 2**30
MAX_RATIO = 200
"""Text compresses about ten to one; a much larger ratio is meant to fill a disk."""
_FREE = 64 * 2**20
"""Below this size the ratio means nothing."""
_DEPTH = 3
_BLOCK = 2**20
_SKIPPED = re.compile(r"^(?:\.|__MACOSX|~\$)")
_JSON_GZ = re.compile(r"\.jsonl?\.gz$|\.ndjson\.gz$", re.IGNORECASE)
_MAGIC = ((b"PK\x03\x04", "zip"), (b"\x1f\x8b", "gzip"))


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield the plain files of these paths in order; unpacked files are deleted afterwards.

    Raises DataError for a missing path, a broken archive, and one beyond the limits.
    """
    with tempfile.TemporaryDirectory(prefix="marquee-input-") as folder:
        scratch = _Scratch(Path(folder))
        files = list(dict.fromkeys(found for path in paths for found in _files(path, scratch)))
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
        for each in _walk(path, path):
            yield from scratch.plain(each, within=True)
    elif path.is_file():
        yield from scratch.plain(path, within=False)
    else:
        raise DataError(f"{path}: no such file or folder")


def _walk(folder: Path, top: Path) -> Iterator[Path]:
    for each in sorted(folder.iterdir()):
        if _SKIPPED.match(each.name):
            continue
        if each.is_dir() and not each.is_symlink() and len(each.relative_to(top).parts) < _DEPTH:
            yield from _walk(each, top)
        elif each.is_file():
            yield each


class _Scratch:
    """A temporary folder and its remaining size allowance."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left = MAX_BYTES
        self._count = 0

    def plain(self, path: Path, *, within: bool) -> Iterator[Path]:
        """Yield the file itself, or what is packed in it; zips inside a folder or zip are left as they are."""
        kind = kind_of(path)
        if kind == "zip" and not within:
            if zipfile.is_zipfile(path) and _is_workbook(path):
                yield path
            else:
                yield from self._unzipped(path)
        elif kind == "gzip" and not _JSON_GZ.search(path.name):
            yield self._unpacked(path)
        else:
            yield path

    def _unzipped(self, path: Path) -> Iterator[Path]:
        try:
            with zipfile.ZipFile(path) as archive:
                infos = [info for info in archive.infolist() if not info.is_dir() and _wanted(info.filename)]
                if len(infos) > MAX_FILES:
                    raise DataError(f"{path.name}: more than {MAX_FILES:,} files; not unpacked")
                for info in sorted(infos, key=lambda info: info.filename):
                    with archive.open(info) as source:
                        target = self._place(PurePosixPath(info.filename.replace("\\", "/")).name)
                        self._copy(source, target, info.compress_size, path.name)
                    yield (
                        target if kind_of(target) != "gzip" or _JSON_GZ.search(target.name) else self._unpacked(target)
                    )
        except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
            raise DataError(f"{path.name}: fatal unreadable-file, expected a whole zip file: {error}") from error

    def _unpacked(self, path: Path) -> Path:
        target = self._place(path.name.removesuffix(".gz"))
        try:
            with gzip.open(path, "rb") as source:
                self._copy(source, target, path.stat().st_size, path.name)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(
                f"{path.name}: fatal unreadable-file, expected a whole gzip file: {error}; copy or download it again"
            ) from error
        return target

    def _place(self, name: str) -> Path:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return folder / (re.sub(r"[\x00-\x1f/]", "_", name)[-200:] or "file")

    def _copy(self, source: "IO[bytes] | gzip.GzipFile", target: Path, packed: int, name: str) -> None:
        done = 0
        if shutil.disk_usage(self._folder).free < _FREE:
            raise DataError(f"{name}: no space to unpack it in {self._folder.parent}; set TMPDIR to a larger disk")
        with target.open("wb") as file:
            while block := source.read(_BLOCK):
                done += len(block)
                self._left -= len(block)
                if self._left < 0 or done > max(_FREE, packed * MAX_RATIO):
                    raise DataError(f"{name}: unpacked size exceeds the limit ({done:,} bytes so far): not read")
                file.write(block)


def _wanted(name: str) -> bool:
    return not any(_SKIPPED.match(part) for part in PurePosixPath(name.replace("\\", "/")).parts if part != "..")


def _is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(name in archive.namelist() for name in ("xl/workbook.xml", "content.xml"))
