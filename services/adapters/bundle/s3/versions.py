"""Versions in a bucket, the paths of their objects, and which of them may be removed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.adapters.bundle.layout import MANIFEST
from services.adapters.bundle.local import Pointer
from services.adapters.bundle.s3.objects import Listed, Objects

VERSION = re.compile(r"[0-9a-f]{16}")
_BUNDLES = "bundles/"


@dataclass(frozen=True, slots=True)
class Published:
    """A version in the bucket. ``modified``: time of its newest object. ``size`` in bytes. ``complete``: it has a
    manifest, which is written last.
    """

    version: str
    modified: datetime
    size: int
    complete: bool


def path_of(version: str, name: str = "") -> str:
    """Return the path of a version's file in the bucket, or of its folder."""
    return f"{_BUNDLES}{version}/{name}"


def versions(objects: Objects) -> list[Published]:
    """Return every version with any object, oldest first. Raises BucketUnavailable."""
    by_version: dict[str, dict[str, Listed]] = {}
    for path, listed in objects.list(_BUNDLES).items():
        version, _, name = path.removeprefix(_BUNDLES).partition("/")
        if VERSION.fullmatch(version):
            by_version.setdefault(version, {})[name] = listed
    published = (_published(version, listed) for version, listed in by_version.items())
    return sorted(published, key=lambda each: (each.modified, each.version))


def _published(version: str, files: dict[str, Listed]) -> Published:
    modified = max(each.modified for each in files.values())
    return Published(version, modified, sum(each.size for each in files.values()), MANIFEST in files)


def outdated(oldest_first: Iterable[Published], pointer: Pointer, keep: int) -> list[str]:
    """Return what may be removed: all but the released version, the previous one, and the ``keep`` newest others.

    An incomplete upload is included only if the released version is newer; otherwise it may be in progress.
    """
    versions = list(oldest_first)
    released = [each.modified for each in versions if each.version == pointer.version]
    candidates = [each for each in versions if each.version not in (pointer.version, pointer.previous)]
    complete = [each.version for each in candidates if each.complete]
    abandoned = [
        each.version for each in candidates if not each.complete and any(each.modified < newer for newer in released)
    ]
    return complete[: max(0, len(complete) - keep)] + abandoned
