"""``current.json`` in the bucket: the released version and the previous one."""

import json

from services.adapters.bundle.local import Pointer
from services.adapters.bundle.s3.objects import Objects, Stored
from services.adapters.bundle.s3.s3_failures import PointerMoved
from services.recommender.errors import BundleDamaged, BundleMissing

CURRENT = "current.json"


class BucketPointer:
    """Reads and moves the pointer of a bucket.

    Writes are conditional on its unchanged value (If-Match, initially If-None-Match; Amazon S3 User Guide, "Conditional
    writes"), so of two concurrent releases one wins and the other fails. Every method raises BucketUnavailable.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._uri = objects.bucket.uri(CURRENT)

    def read(self) -> Pointer:
        """Read the pointer. Raises BundleMissing if nothing is released, BundleDamaged for an unreadable pointer."""
        stored = self._objects.read(CURRENT)
        if stored is None:
            raise BundleMissing(f"{self._uri}: nothing is released there; run `marquee release`")
        return self._parse(stored)

    def move(self, version: str) -> Pointer:
        """Move the pointer to a version; no change if it is there already. Raises PointerMoved."""
        stored = self._objects.read(CURRENT)
        before = self._readable(stored)
        if before is not None and before.version == version:
            return before
        return self._write(Pointer(version, before.version if before else None), stored)

    def _readable(self, stored: Stored | None) -> Pointer | None:
        """Return the pointer, None if missing or damaged: a release repairs it."""
        try:
            return None if stored is None else self._parse(stored)
        except BundleDamaged:
            return None

    def _write(self, pointer: Pointer, stored: Stored | None) -> Pointer:
        document = {"version": pointer.version, "previous": pointer.previous}
        body = (json.dumps(document, indent=1) + "\n").encode()
        if self._objects.replace(CURRENT, body, stored.etag if stored else None):
            return pointer
        now = self._readable(self._objects.read(CURRENT))
        # A retried write may have succeeded the first time, or someone else released the same version.
        if now is not None and now.version == pointer.version:
            return now
        raise PointerMoved(
            f"{self._uri} was moved by someone else meanwhile, to {now.version if now else 'nothing'}; to release "
            f"{pointer.version} anyway, run `marquee release {pointer.version}` again"
        )

    def _parse(self, stored: Stored) -> Pointer:
        try:
            document = json.loads(stored.body)
            version, previous = document["version"], document.get("previous")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BundleDamaged(
                f'{self._uri}: not {{"version": ...}} ({error})', "run `marquee release VERSION`"
            ) from error
        return Pointer(str(version), None if previous is None else str(previous))
