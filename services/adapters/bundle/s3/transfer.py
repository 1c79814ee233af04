"""Transfer of a bundle's files to and from the bucket."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from services.adapters.bundle.layout import MANIFEST
from services.adapters.bundle.manifest import FileEntry, Manifest
from services.adapters.bundle.s3.objects import Listed, Objects
from services.adapters.bundle.s3.versions import path_of
from services.adapters.progress import OnProgress
from services.recommender.errors import BundleDamaged

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and its destination; ``sha256`` in hex."""

    path: str
    file: Path
    sha256: str


def upload(objects: Objects, files: Sequence[Upload], on_progress: OnProgress) -> None:
    """Upload files in parallel. Raises BucketUnavailable for the first that fails."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        uploads = pool.map(lambda each: objects.upload(each.path, each.file, each.sha256), files)
        for done, _ in enumerate(uploads, 1):
            on_progress(done, len(files))


def differing(objects: Objects, version: str, files: Mapping[str, FileEntry]) -> list[str]:
    """Return the files of a version that differ in the bucket, by the checksums stored in S3."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        hashes = pool.map(lambda name: objects.sha256(path_of(version, name)), files)
        return [name for name, sha256 in zip(files, hashes, strict=True) if sha256 != files[name].sha256]


def download(
    objects: Objects, version: str, listed: Mapping[str, Listed], folder: Path, on_progress: OnProgress
) -> None:
    """Download a version into a folder: the manifest, then the files it lists.

    ``listed`` are the version's objects by path; an object of the wrong size is not read. Raises BundleDamaged,
    BucketUnavailable, OSError.
    """
    objects.download(path_of(version, MANIFEST), folder / MANIFEST)
    manifest = Manifest.load(folder)
    if (content_version := manifest.content_version()) != version:
        raise BundleDamaged(f"{MANIFEST}: version is {content_version!r}, expected {version!r}")
    for name, entry in manifest.files.items():
        _check_size(name, entry, listed.get(path_of(version, name)))
    for done, name in enumerate(manifest.files, 1):
        (folder / name).parent.mkdir(exist_ok=True)
        objects.download(path_of(version, name), folder / name)
        on_progress(done, len(manifest.files))


def _check_size(name: str, entry: FileEntry, listed: Listed | None) -> None:
    if listed is None or listed.size != entry.size:
        fault = "missing" if listed is None else f"found {listed.size} bytes"
        raise BundleDamaged(f"{name}: {fault}, expected {entry.size} bytes")
