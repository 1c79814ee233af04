"""The files of a bundle to the bucket and back."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from services.adapters.bundle.layout import MANIFEST
from services.adapters.bundle.manifest import FileEntry, Manifest
from services.adapters.bundle.s3.objects import Listed, Objects
from services.adapters.bundle.s3.versions import path_of
from services.recommender.errors import BundleDamaged

_AT_ONCE = 8

Told = Callable[[int, int], None]
"""Told how many files of how many are through."""


def quiet(done: int, total: int) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and where it goes; ``sha256`` in hex."""

    path: str
    file: Path
    sha256: str


def upload(objects: Objects, files: Sequence[Upload], told: Told) -> None:
    """Send files, some at once. Raises BucketUnavailable for the first that fails."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        sent = pool.map(lambda each: objects.upload(each.path, each.file, each.sha256), files)
        for done, _ in enumerate(sent, 1):
            told(done, len(files))


def differing(objects: Objects, version: str, files: Mapping[str, FileEntry]) -> list[str]:
    """The files of a version of which the bucket does not hold these bytes, by the checksums that S3 keeps."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda name: objects.sha256(path_of(version, name)), files)
        return [name for name, sha256 in zip(files, found, strict=True) if sha256 != files[name].sha256]


def download(objects: Objects, version: str, listed: Mapping[str, Listed], folder: Path, told: Told) -> None:
    """Read a version into a folder: the manifest, then what it names.

    ``listed`` are the version's objects by path; nothing is read that has not the size that the manifest gives.
    Raises BundleDamaged, BucketUnavailable, OSError.
    """
    objects.download(path_of(version, MANIFEST), folder / MANIFEST)
    manifest = Manifest.load(folder)
    if (found := manifest.content_version()) != version:
        raise BundleDamaged(f"{MANIFEST}: version is {found!r}, expected {version!r}")
    for name, entry in manifest.files.items():
        _check_size(name, entry, listed.get(path_of(version, name)))
    for done, name in enumerate(manifest.files, 1):
        (folder / name).parent.mkdir(exist_ok=True)
        objects.download(path_of(version, name), folder / name)
        told(done, len(manifest.files))


def _check_size(name: str, entry: FileEntry, found: Listed | None) -> None:
    if found is None or found.size != entry.size:
        what = "missing" if found is None else f"found {found.size} bytes"
        raise BundleDamaged(f"{name}: {what}, expected {entry.size} bytes")
