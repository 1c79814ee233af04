"""Bundles in a bucket: publish, list, fetch, release, go back, prune."""

import builtins
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from services.adapters.bundle.layout import MANIFEST
from services.adapters.bundle.local import Pointer
from services.adapters.bundle.manifest import FileEntry, Manifest
from services.adapters.bundle.reader import check_files, file_sha256, open_bundle
from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.s3.objects import Listed, Objects, open_objects
from services.adapters.bundle.s3.pointer import BucketPointer
from services.adapters.bundle.staging import is_sound, settle, staged
from services.recommender.errors import BundleDamaged, BundleMissing

FEATURES = "features"
_VERSION = re.compile(r"[0-9a-f]{16}")
_BUNDLES = "bundles/"
_AT_ONCE = 8

Told = Callable[[int, int], None]
"""Told how many files of how many are through."""


@dataclass(frozen=True, slots=True)
class Published:
    """A version in the bucket. ``modified``: when its newest object was written. ``size`` in bytes. ``complete``:
    whether it has a manifest, which is written last.
    """

    version: str
    modified: datetime
    size: int
    complete: bool


class S3Bundles:
    """The bundles of one bucket. Every method raises BucketUnavailable."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._pointer = BucketPointer(objects)

    @property
    def bucket(self) -> Bucket:
        """Where they are."""
        return self._objects.bucket

    def list(self) -> builtins.list[Published]:
        """The versions that are there whole, oldest first."""
        return [each for each in self._found() if each.complete]

    def is_published(self, version: str) -> bool:
        """Whether a version is there with all its files, by the checksums that S3 keeps."""
        published = self._manifest(version)
        return published is not None and not self._differing(version, published.files)

    def publish(self, folder: Path, told: Told) -> int:
        """Upload a bundle and return how many files were sent: 0 if it was there already, sound.

        The manifest goes last, so that a bundle appears whole or not at all; files that an interrupted upload left
        are not sent again. Raises BundleMissing, BundleDamaged for the folder, or if a second upload came between.
        """
        manifest = Manifest.load(folder)
        check_files(folder, manifest, verify=True)
        version = manifest.content_version()
        if self.is_published(version):
            return 0
        wanted = self._differing(version, manifest.files)
        self._upload(((_path(version, name), folder / name, manifest.files[name].sha256) for name in wanted), told)
        # Two builds of one version may differ in the files of their text index.
        if changed := self._differing(version, manifest.files):
            raise BundleDamaged(f"{self._uri(version, changed[0])} changed meanwhile; does another upload run? Try again")
        self._objects.write(_path(version, MANIFEST), (folder / MANIFEST).read_bytes())
        return len(wanted) + 1

    def publish_features(self, folder: Path, told: Told) -> int:
        """Upload the parquet files of a ``features`` folder that the bucket lacks; returns how many."""
        hashes = {path: file_sha256(path) for path in sorted(folder.glob("*.parquet"))}
        wanted = [path for path, sha256 in hashes.items() if self._objects.sha256(_feature(path)) != sha256]
        return self._upload([(_feature(path), path, hashes[path]) for path in wanted], told)

    def fetch(self, version: str, root: Path, told: Told) -> Path:
        """Download a version to ``root/<version>``, a sound one that is there stays; returns the folder.

        Every byte is checked before the folder appears. Raises BundleMissing, BundleDamaged, OSError.
        """
        target = root / version
        self._check_version(version)
        if target.is_dir() and is_sound(target):
            return target
        listed = self._objects.list(_path(version))
        if _path(version, MANIFEST) not in listed:
            raise BundleMissing(f"{self._uri(version)}: {self._known()}")
        with staged(root) as folder:
            try:
                self._download(version, listed, folder, told)
                open_bundle(folder, verify=True)
            except BundleDamaged as error:
                raise BundleDamaged(
                    f"{self._uri(version)} is refused: {str(error).replace(f'{folder}/', '')} "
                    "(`marquee bundle publish` where it was built replaces it)"
                ) from error
            return settle(folder, target)

    def pointer(self) -> Pointer:
        """What is released. Raises BundleMissing if nothing is, BundleDamaged for an unreadable pointer."""
        return self._pointer.read()

    def activate(self, version: str) -> Pointer:
        """Release a version: servers follow. Raises BundleMissing, BundleDamaged, and PointerMoved for a lost race."""
        self._check_version(version)
        published = self._manifest(version)
        if published is None:
            raise BundleMissing(f"{self._uri(version)}: {self._known()}")
        if damaged := self._differing(version, published.files):
            raise BundleDamaged(
                f"{self._uri(version, damaged[0])} is not what the manifest says; `marquee bundle publish {version}` "
                "replaces it"
            )
        return self._pointer.move(version)

    def rollback(self) -> Pointer:
        """Release the version before again. Raises BundleMissing, BundleDamaged, PointerMoved."""
        previous = self.pointer().previous
        if previous is None:
            raise BundleMissing(f"{self.bucket.uri()}: there is no release to go back to")
        return self.activate(previous)

    def prune(self, keep: int) -> builtins.list[str]:
        """Remove old versions but for the ``keep`` newest; returns them. The released one and the one before stay.

        An incomplete upload goes if it is older than the released version: else it may be going on right now.
        """
        pointer, found = self.pointer(), self._found()
        released = [each.modified for each in found if each.version == pointer.version]
        others = [each for each in found if each.version not in (pointer.version, pointer.previous)]
        complete = [each for each in others if each.complete]
        gone = [each.version for each in complete[: max(0, len(complete) - keep)]]
        gone += [each.version for each in others if not each.complete and any(each.modified < at for at in released)]
        for version in gone:
            # The manifest first: what is half removed must not look whole.
            self._objects.delete([_path(version, MANIFEST)])
            self._objects.delete(sorted(self._objects.list(_path(version))))
        return gone

    def _found(self) -> builtins.list[Published]:
        versions: dict[str, dict[str, Listed]] = {}
        for path, listed in self._objects.list(_BUNDLES).items():
            version, _, name = path.removeprefix(_BUNDLES).partition("/")
            if _VERSION.fullmatch(version):
                versions.setdefault(version, {})[name] = listed
        found = [
            Published(
                version,
                max(each.modified for each in files.values()),
                sum(each.size for each in files.values()),
                MANIFEST in files,
            )
            for version, files in versions.items()
        ]
        return sorted(found, key=lambda each: (each.modified, each.version))

    def _manifest(self, version: str) -> Manifest | None:
        """The manifest of a published version; None if there is none, or none to be relied on."""
        stored = self._objects.read(_path(version, MANIFEST))
        if stored is None:
            return None
        with TemporaryDirectory(prefix="marquee-manifest-") as folder:
            (Path(folder) / MANIFEST).write_bytes(stored.body)
            try:
                manifest = Manifest.load(Path(folder))
            except BundleDamaged:
                return None
        return manifest if manifest.content_version() == version else None

    def _differing(self, version: str, files: Mapping[str, FileEntry]) -> builtins.list[str]:
        """The files of which the bucket has not these bytes."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda name: self._objects.sha256(_path(version, name)), files)
            return [name for name, sha256 in zip(files, found, strict=True) if sha256 != files[name].sha256]

    def _upload(self, files: Iterable[tuple[str, Path, str]], told: Told) -> int:
        wanted = list(files)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done, _ in enumerate(pool.map(lambda each: self._objects.upload(*each), wanted), 1):
                told(done, len(wanted))
        return len(wanted)

    def _download(self, version: str, listed: Mapping[str, Listed], folder: Path, told: Told) -> None:
        """The manifest, then what it names; nothing is read that has not the size it says."""
        self._objects.download(_path(version, MANIFEST), folder / MANIFEST)
        manifest = Manifest.load(folder)
        if manifest.content_version() != version:
            raise BundleDamaged(f"{MANIFEST}: is of version {manifest.content_version()}")
        for name, entry in manifest.files.items():
            found = listed.get(_path(version, name))
            if found is None or found.size != entry.size:
                what = "missing" if found is None else f"found {found.size} bytes"
                raise BundleDamaged(f"{name}: {what}, expected {entry.size} bytes")
        for done, name in enumerate(manifest.files, 1):
            (folder / name).parent.mkdir(exist_ok=True)
            self._objects.download(_path(version, name), folder / name)
            told(done, len(manifest.files))

    def _check_version(self, version: str) -> None:
        if not _VERSION.fullmatch(version):
            raise BundleMissing(f"{version!r} is not the version of a bundle; {self._known()}")

    def _known(self) -> str:
        known = ", ".join(each.version for each in self.list())
        return f"no bundle there; {f'there are: {known}' if known else 'run `marquee bundle publish`'}"

    def _uri(self, version: str, name: str = "") -> str:
        return self.bucket.uri(_path(version, name))


def open_bucket(bucket: Bucket) -> S3Bundles:
    """The bundles of a bucket; nothing is asked yet. Raises BucketUnavailable."""
    return S3Bundles(open_objects(bucket))


def _path(version: str, name: str = "") -> str:
    return f"{_BUNDLES}{version}/{name}"


def _feature(path: Path) -> str:
    return f"{FEATURES}/{path.name}"
