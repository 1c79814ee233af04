"""Location of bundles in S3, for the settings and the adapter."""

from dataclasses import dataclass
from typing import Self

# General purpose bucket naming rules (Amazon S3 User Guide), then a prefix that needs no escaping.
PLACE = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_][A-Za-z0-9_.-]*)*/?$"


@dataclass(frozen=True, slots=True)
class Bucket:
    """``prefix``: prefix of all keys, "" or ending in a slash. ``endpoint``: None for AWS; plain http is a local
    server, to which no AWS credentials are sent.
    """

    name: str
    prefix: str = ""
    region: str | None = None
    endpoint: str | None = None

    @classmethod
    def parse(cls, place: str, region: str | None = None, endpoint: str | None = None) -> Self:
        """Parse ``my-bucket`` or ``my-bucket/prefix``, which matches ``PLACE``."""
        name, _, prefix = place.strip("/").partition("/")
        return cls(name, f"{prefix}/" if prefix else "", region, endpoint)

    def key(self, path: str) -> str:
        """Return the key of an object, given its path under the prefix."""
        return f"{self.prefix}{path}"

    def uri(self, path: str = "") -> str:
        """Return an object's URI for messages."""
        return f"s3://{self.name}/{self.key(path)}"
