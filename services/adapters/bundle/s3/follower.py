"""Bucket follower: fetches, verifies and activates what is released in the bucket."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.s3.bundles import S3Bundles
from services.recommender.errors import BundleError, MarqueeError

_log = logging.getLogger(__name__)
# A damaged version, or one too large for the disk, is not retried at every check.
REFUSED_S = 600.0
_STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class _Refused:
    """A version not to retry before ``until``, on the monotonic clock."""

    version: str
    reason: str
    until: float


class BucketFollower:
    """Keeps ``current.json`` under ``MARQUEE_HOME`` in step with the bucket's pointer, from a separate thread.

    It only writes local bundles and their pointer; LocalReleases picks these up, in every process that serves the same
    home, without dropping a request. If the bucket is down or a bundle is rejected, nothing changes: the error is
    logged once, reported in ``last_error``, and the current bundle stays. One follower per server is enough.
    """

    def __init__(
        self,
        remote: S3Bundles,
        local: LocalBundles,
        every_s: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.last_error: str | None = None
        self._remote = remote
        self._local = local
        self._every_s = every_s
        self._monotonic = monotonic
        self._refused: _Refused | None = None
        self._verified: str | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Check once, then periodically in the background until ``stop``.

        Raises BundleError, BucketUnavailable or OSError if there is no bundle to serve afterwards.
        """
        try:
            self.look()
        except (MarqueeError, OSError):
            if not self._has_bundle():
                raise
        self._thread = threading.Thread(target=self._follow, name="marquee-bucket", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; a download in progress ends with the process."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def look(self) -> None:
        """Check the bucket's pointer now and follow it. Raises BundleError, BucketUnavailable, OSError."""
        try:
            self._go_to(self._remote.pointer().version)
        except (MarqueeError, OSError) as error:
            if str(error) != self.last_error:
                _log.error("cannot follow the bucket, still serving the current bundle: %s", error)
            self.last_error = str(error)
            raise
        if self.last_error is not None:
            _log.warning("following the bucket again")
        self.last_error = None

    def _follow(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self.look()
            except (MarqueeError, OSError):
                continue  # already logged
            except Exception:  # noqa: BLE001 - outermost frame of the thread, which must keep running
                _log.exception("checking the bucket failed; retrying in %.0f s", self._every_s)

    def _go_to(self, version: str) -> None:
        if version == self._active():
            self._refused = None
            return
        refused = self._refused
        if refused is not None and refused.version == version and self._monotonic() < refused.until:
            raise BundleError(refused.reason)
        try:
            self._remote.fetch(version, self._local.root)
            self._local.activate(version)
            self._verified = version
        except (BundleError, OSError) as error:  # an outage does not count against the version
            self._refused = _Refused(version, str(error), self._monotonic() + REFUSED_S)
            raise
        self._refused = None
        _log.info("fetched bundle %s from %s", version, self._remote.bucket.uri())

    def _active(self) -> str | None:
        """Return the active local version if it exists and was intact when first seen. None makes the follower fetch it
        again, as the bucket has it complete.
        """
        try:
            version = self._local.current_path().name
            if version != self._verified:
                self._local.verify(version)
                self._verified = version
        except BundleError:
            return None
        return version

    def _has_bundle(self) -> bool:
        return self._active() is not None
