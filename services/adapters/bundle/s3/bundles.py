"""Bundles in a bucket: publish, list, fetch, release, roll back, prune."""

import builtins
from pathlib import Path
from tempfile import TemporaryDirectory

from services.adapters.bundle.layout import MANIFEST
from services.adapters.bundle.local import Pointer
from services.adapters.bundle.manifest import Manifest
from services.adapters.bundle.reader import check_files, file_sha256, open_bundle
from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.s3.objects import Objects, open_objects
from services.adapters.bundle.s3.pointer import BucketPointer
from services.adapters.bundle.s3.transfer import Upload, differing, download, upload
from services.adapters.bundle.s3.versions import VERSION, Published, outdated, path_of, versions
from services.adapters.bundle.staging import is_intact, settle, staged
from services.adapters.progress import OnProgress, quiet
from services.recommender.errors import BundleDamaged, BundleMissing


class S3Bundles:
    """Bundles of one bucket. Every method raises BucketUnavailable."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._pointer = BucketPointer(objects)

    @property
    def bucket(self) -> Bucket:
        """Location of the bundles."""
        return self._objects.bucket

    def list(self) -> builtins.list[Published]:
        """Return the complete versions, oldest first."""
        return [version for version in versions(self._objects) if version.complete]

    def is_published(self, version: str) -> bool:
        """Return whether a version is there with all its files, by the checksums stored in S3."""
        manifest = self._manifest(version)
        return manifest is not None and not differing(self._objects, version, manifest.files)

    def publish(self, folder: Path, on_progress: OnProgress = quiet) -> int:
        """Upload a bundle; return how many files were uploaded: 0 if it was already there and intact.

        The manifest goes last, so that a bundle appears complete or not at all; files of an interrupted upload are not
        sent again. Raises BundleMissing, BundleDamaged for the folder, or if another upload interfered.
        """
        manifest = Manifest.load(folder)
        check_files(folder, manifest, verify=True)
        version = manifest.content_version()
        if self.is_published(version):
            return 0
        missing = differing(self._objects, version, manifest.files)
        files = [Upload(path_of(version, name), folder / name, manifest.files[name].sha256) for name in missing]
        upload(self._objects, files, on_progress)
        # Another build of this version may have a different text index.
        if changed := differing(self._objects, version, manifest.files):
            raise BundleDamaged(
                f"{self._uri(version, changed[0])} was changed during the upload, perhaps by another one",
                "run it again",
            )
        self._objects.write(path_of(version, MANIFEST), (folder / MANIFEST).read_bytes())
        return len(missing) + 1

    def publish_features(self, folder: Path, on_progress: OnProgress = quiet) -> int:
        """Upload the parquet files of the local ``features`` folder missing in the bucket; return how many."""
        files = [Upload(f"features/{path.name}", path, file_sha256(path)) for path in sorted(folder.glob("*.parquet"))]
        missing = [each for each in files if self._objects.sha256(each.path) != each.sha256]
        upload(self._objects, missing, on_progress)
        return len(missing)

    def fetch(self, version: str, root: Path, on_progress: OnProgress = quiet) -> Path:
        """Download a version to ``root/<version>`` and return that folder; an intact local copy is kept.

        Every byte is verified before the folder appears. Raises BundleMissing, BundleDamaged, OSError.
        """
        target = root / self._checked(version)
        if target.is_dir() and is_intact(target):
            return target
        listed = self._objects.list(path_of(version))
        if path_of(version, MANIFEST) not in listed:
            raise self._missing(version)
        with staged(root) as folder:
            try:
                download(self._objects, version, listed, folder, on_progress)
                open_bundle(folder, verify=True)
            except BundleDamaged as error:
                fault = error.fault.replace(f"{folder}/", "")
                raise BundleDamaged(f"{self._uri(version)} is refused: {fault}", _publish(version)) from error
            return settle(folder, target)

    def pointer(self) -> Pointer:
        """Read the pointer. Raises BundleMissing if nothing is released, BundleDamaged for an unreadable pointer."""
        return self._pointer.read()

    def activate(self, version: str) -> Pointer:
        """Release a version; servers follow. Raises BundleMissing, BundleDamaged, and PointerMoved for a lost race."""
        manifest = self._manifest(self._checked(version))
        if manifest is None:
            raise self._missing(version)
        if damaged := differing(self._objects, version, manifest.files):
            raise BundleDamaged(f"{self._uri(version, damaged[0])}: differs from the manifest", _publish(version))
        return self._pointer.move(version)

    def previous(self) -> str:
        """Return the version to roll back to. Raises BundleMissing if there is none, BundleDamaged."""
        previous = self.pointer().previous
        if previous is None:
            raise BundleMissing(
                f"{self.bucket.uri()}: there is no release to roll back to; see `marquee bundle list --bucket`"
            )
        return previous

    def prune(self, keep: int) -> builtins.list[str]:
        """Remove all but the ``keep`` newest old versions; return them. The released and the previous one are kept."""
        removed = outdated(versions(self._objects), self.pointer(), keep)
        for version in removed:
            # Delete the manifest first: a half-removed version must not look complete.
            self._objects.delete([path_of(version, MANIFEST)])
            self._objects.delete(sorted(self._objects.list(path_of(version))))
        return removed

    def _manifest(self, version: str) -> Manifest | None:
        """Return the manifest of a published version; None if missing or untrustworthy."""
        stored = self._objects.read(path_of(version, MANIFEST))
        if stored is None:
            return None
        with TemporaryDirectory(prefix="marquee-manifest-") as folder:
            (Path(folder) / MANIFEST).write_bytes(stored.body)
            try:
                manifest = Manifest.load(Path(folder))
            except BundleDamaged:
                return None
        return manifest if manifest.content_version() == version else None

    def _checked(self, version: str) -> str:
        """Validate the version, which becomes part of a path. Raises BundleMissing."""
        if not VERSION.fullmatch(version):
            raise self._missing(version)
        return version

    def _missing(self, version: str) -> BundleMissing:
        available = ", ".join(each.version for each in self.list()) or "none; run `marquee release`"
        return BundleMissing(f"no bundle {version!r} in {self.bucket.uri()}; available: {available}")

    def _uri(self, version: str, name: str = "") -> str:
        return self.bucket.uri(path_of(version, name))


def _publish(version: str) -> str:
    """Return the advice for a damaged version."""
    return f"run `marquee bundle publish {version}` where it was built"


def open_bucket(bucket: Bucket) -> S3Bundles:
    """Return the bundles of a bucket, without contacting it. Raises BucketUnavailable."""
    return S3Bundles(open_objects(bucket))
