"""Bundles under ``MARQUEE_HOME``: listing, activation, and switching to a new one while serving."""

import json
import logging
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.adapters.bundle.reader import open_bundle
from services.recommender.domain.bundle import Bundle
from services.recommender.errors import BundleDamaged, BundleError, BundleMissing
from services.recommender.ports import Release, SearchPort

_log = logging.getLogger(__name__)
_VERSION = re.compile(r"[0-9a-f]{16}")

OpenSearch = Callable[[Bundle, Path], SearchPort]
"""Opens a bundle's search index, given the bundle and its folder."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """``current.json``: the active version, and the previous one for rollback."""

    version: str
    previous: str | None = None


class LocalBundles:
    """Bundles in ``home/bundles`` and the pointer ``home/current.json``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "bundles"
        self.pointer_path = home / "current.json"

    def list(self) -> list[str]:
        """Return the existing versions, oldest first."""
        if not self.root.is_dir():
            return []
        folders = [path for path in self.root.iterdir() if path.is_dir() and _VERSION.fullmatch(path.name)]
        return [path.name for path in sorted(folders, key=lambda path: (path.stat().st_mtime_ns, path.name))]

    def path(self, version: str) -> Path:
        """Return the folder of a version. Raises BundleMissing if there is none."""
        if not _VERSION.fullmatch(version) or not (self.root / version).is_dir():
            available = ", ".join(self.list()) or "none; run `marquee build`"
            raise BundleMissing(f"no bundle {version!r} in {self.root}; available: {available}")
        return self.root / version

    def pointer(self) -> Pointer:
        """Read the pointer. Raises BundleMissing if nothing is active, BundleDamaged for an unreadable pointer."""
        try:
            document = json.loads(self.pointer_path.read_bytes())
            version, previous = document["version"], document.get("previous")
        except FileNotFoundError as error:
            raise BundleMissing(
                f"{self.pointer_path}: no bundle is active; run `marquee build` or `marquee bundle activate`"
            ) from error
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BundleDamaged(
                f'{self.pointer_path}: not {{"version": ...}} ({error})', "run `marquee bundle activate`"
            ) from error
        return Pointer(str(version), None if previous is None else str(previous))

    def current_path(self) -> Path:
        """Return the folder of the active bundle. Raises BundleMissing, BundleDamaged."""
        return self.path(self.pointer().version)

    def verify(self, version: str) -> Bundle:
        """Verify every byte of a bundle. Raises BundleMissing, BundleDamaged."""
        bundle = open_bundle(self.path(version), verify=True)
        if bundle.version != version:
            raise BundleDamaged(f"{self.path(version)}: holds version {bundle.version}, expected {version}")
        return bundle

    def activate(self, version: str) -> Pointer:
        """Verify a bundle and activate it; servers pick it up. Raises BundleMissing, BundleDamaged.

        To roll back, activate the ``previous`` of :meth:`pointer`.
        """
        self.verify(version)
        pointer = Pointer(version, self._before(version))
        document = {"version": pointer.version, "previous": pointer.previous}
        _write_atomically(self.pointer_path, json.dumps(document, indent=1) + "\n")
        return pointer

    def _before(self, version: str) -> str | None:
        try:
            active = self.pointer()
        except BundleError:
            return None
        return active.previous if active.version == version else active.version


class LocalReleases:
    """Releases port over a home folder: serves the active bundle and follows the pointer.

    The pointer is checked at most once in ``every_s`` seconds. A new bundle opens in a separate thread, so that no
    request waits. Requests that hold the old release finish with it. A bundle that cannot be opened is rejected:
    logged once, reported in ``last_error``, and the old one stays.

    ``verify``: compare every byte with the manifest before serving, 1 ms of CPU per megabyte; otherwise only the checks
    of opening, for places that guarantee the bytes themselves.
    """

    def __init__(
        self,
        home: Path,
        open_search: OpenSearch,
        every_s: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        verify: bool = True,
    ) -> None:
        self.bundles = LocalBundles(home)
        self.last_error: str | None = None
        self._open_search = open_search
        self._every_s = every_s
        self._monotonic = monotonic
        self._verify = verify
        self._release: Release | None = None
        self._last_signature: tuple[int, ...] | None = None
        self._checked_at = 0.0
        self._lock = threading.Lock()

    def current(self) -> Release:
        """Return the current release. Raises BundleError only while none was ever opened."""
        release = self._release
        if release is None:
            return self._first()
        now = self._monotonic()
        if now - self._checked_at >= self._every_s and not self._lock.locked():
            self._checked_at = now
            if self._signature() != self._last_signature:
                threading.Thread(target=self.refresh, name="marquee-releases", daemon=True).start()
        return release

    def refresh(self) -> None:
        """Check the pointer now and follow it; afterwards ``current`` returns its bundle, if that is intact."""
        with self._lock:
            signature = self._signature()
            if signature == self._last_signature and self._release is not None:
                return
            self._last_signature = signature
            try:
                self._release = self._open()
                self.last_error = None
            except (BundleError, OSError) as error:
                self.last_error = str(error)
                _log.error("the new bundle is refused, still serving the old one: %s", error)

    def _first(self) -> Release:
        with self._lock:
            if self._release is None:
                self._last_signature = self._signature()
                self._release = self._open()
                self._checked_at = self._monotonic()
            return self._release

    def _open(self) -> Release:
        path = self.bundles.current_path()
        if self._release is not None and path.name == self._release.bundle.version:
            return self._release
        bundle = open_bundle(path, self._verify)
        if bundle.version != path.name:
            raise BundleDamaged(f"{path}: holds version {bundle.version}, expected that of its folder")
        return Release(bundle, self._open_search(bundle, path))

    def _signature(self) -> tuple[int, ...] | None:
        """Return a value that changes at each write of the pointer, even within one tick of the clock."""
        try:
            status = self.bundles.pointer_path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size


def _write_atomically(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
