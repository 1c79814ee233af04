"""Where in S3 the bundles are: what the adapter needs to know of the settings."""

from dataclasses import dataclass
from typing import Self

# General purpose bucket naming rules (Amazon S3 User Guide), then a prefix that needs no escaping anywhere.
PLACE = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_][A-Za-z0-9_.-]*)*/?$"


@dataclass(frozen=True, slots=True)
class Bucket:
    """``prefix``: "" or what all keys begin with, ending in a slash. ``endpoint``: None for AWS itself; plain http is
    a local server, to which no credentials of AWS are sent.
    """

    name: str
    prefix: str = ""
    region: str | None = None
    endpoint: str | None = None

    @classmethod
    def parse(cls, place: str, region: str | None = None, endpoint: str | None = None) -> Self:
        """The bucket of ``my-bucket`` or ``my-bucket/prefix``, which matches ``PLACE``."""
        name, _, prefix = place.strip("/").partition("/")
        return cls(name, f"{prefix}/" if prefix else "", region, endpoint)

    def key(self, path: str) -> str:
        """The key of an object in the bucket, given its path under the prefix."""
        return f"{self.prefix}{path}"

    def uri(self, path: str = "") -> str:
        """An object as messages name it."""
        return f"s3://{self.name}/{self.key(path)}"
