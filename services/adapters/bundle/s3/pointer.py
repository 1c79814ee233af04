"""``current.json`` in the bucket: which version is released, and the one before it."""

import json

from services.adapters.bundle.local import Pointer
from services.adapters.bundle.s3.failures import PointerMoved
from services.adapters.bundle.s3.objects import Objects, Stored
from services.recommender.errors import BundleDamaged, BundleMissing

CURRENT = "current.json"


class BucketPointer:
    """Reads and moves the pointer of a bucket.

    It is written only on condition that it is still what was read (If-Match, for the first one If-None-Match; Amazon
    S3 User Guide, "Conditional writes"), so of two releases at the same time one wins and the other is told.
    Every method raises BucketUnavailable.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._uri = objects.bucket.uri(CURRENT)

    def read(self) -> Pointer:
        """What is released. Raises BundleMissing if nothing is, BundleDamaged for an unreadable pointer."""
        stored = self._objects.read(CURRENT)
        if stored is None:
            raise BundleMissing(f"{self._uri}: nothing is released there; run `marquee release`")
        return self._parse(stored)

    def move(self, version: str) -> Pointer:
        """Point to a version; one that is pointed to already changes nothing. Raises PointerMoved."""
        stored = self._objects.read(CURRENT)
        before = self._readable(stored)
        if before is not None and before.version == version:
            return before
        return self._write(Pointer(version, before.version if before else None), stored)

    def _readable(self, stored: Stored | None) -> Pointer | None:
        """The pointer, None where there is none or it is damaged: a release mends it."""
        try:
            return None if stored is None else self._parse(stored)
        except BundleDamaged:
            return None

    def _write(self, pointer: Pointer, over: Stored | None) -> Pointer:
        document = {"version": pointer.version, "previous": pointer.previous}
        body = (json.dumps(document, indent=1) + "\n").encode()
        if self._objects.replace(CURRENT, body, over.etag if over else None):
            return pointer
        now = self._readable(self._objects.read(CURRENT))
        # The first try may have been stored although its answer was lost, or somebody else wanted the same.
        if now is not None and now.version == pointer.version:
            return now
        raise PointerMoved(
            f"{self._uri} was moved by somebody else at the same time, to {now.version if now else 'nothing'}; if "
            f"{pointer.version} is to be served all the same, run `marquee release {pointer.version}` again"
        )

    def _parse(self, stored: Stored) -> Pointer:
        try:
            document = json.loads(stored.body)
            version, previous = document["version"], document.get("previous")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BundleDamaged(
                f'{self._uri}: not {{"version": ...}} ({error}); run `marquee release VERSION`'
            ) from error
        return Pointer(str(version), None if previous is None else str(previous))
