"""A server follows its bucket: what is released there is fetched, checked, and made the local bundle to serve."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.s3.bundles import S3Bundles
from services.recommender.errors import BundleError, MarqueeError

_log = logging.getLogger(__name__)
# A version that is damaged, or for which the disk is too small, is not fetched again at every look.
REFUSED_S = 600.0
_STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class _Refused:
    """A version that is not tried again before ``until``, on the monotonic clock."""

    version: str
    reason: str
    until: float


class BucketFollower:
    """Keeps ``current.json`` under ``MARQUEE_HOME`` where the bucket's points to, from a thread of its own.

    It only ever writes the local bundles and their pointer; LocalReleases picks that up, in every process that serves
    the same home, without dropping a request. A bucket that is down or a bundle that is refused changes nothing: it
    is logged once, named in ``last_error``, and what is there goes on being served. One a server is enough.
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
        self._sound: str | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look once, then again and again in the background until ``stop``.

        Raises BundleError, BucketUnavailable or OSError if that leaves no bundle to serve.
        """
        try:
            self.look()
        except (MarqueeError, OSError):
            if not self._has_bundle():
                raise
        self._thread = threading.Thread(target=self._follow, name="marquee-bucket", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that is in a download ends with the process."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def look(self) -> None:
        """Look at the bucket's pointer now and follow it. Raises BundleError, BucketUnavailable, OSError."""
        try:
            self._go_to(self._remote.pointer().version)
        except (MarqueeError, OSError) as error:
            if str(error) != self.last_error:
                _log.error("the bucket is not followed, what is there goes on being served: %s", error)
            self.last_error = str(error)
            raise
        if self.last_error is not None:
            _log.warning("the bucket is followed again")
        self.last_error = None

    def _follow(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self.look()
            except (MarqueeError, OSError):
                continue  # logged where it was found
            except Exception:  # noqa: BLE001 - the outermost frame of the thread, which must go on
                _log.exception("looking at the bucket failed; it is tried again in %.0f s", self._every_s)

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
            self._sound = version
        except (BundleError, OSError) as error:  # an outage is not the fault of the version
            self._refused = _Refused(version, str(error), self._monotonic() + REFUSED_S)
            raise
        self._refused = None
        _log.info("bundle %s came from %s", version, self._remote.bucket.uri())

    def _active(self) -> str | None:
        """The local version that is active, there, and was sound when it was first seen; None makes it fetched again,
        since the bucket has it whole.
        """
        try:
            version = self._local.current_path().name
            if version != self._sound:
                self._local.verify(version)
                self._sound = version
        except BundleError:
            return None
        return version

    def _has_bundle(self) -> bool:
        return self._active() is not None
