"""Which OpenSearch to use and how: what the adapter and the index job need to know of the settings."""

import re
from dataclasses import dataclass

# Both generations of OpenSearch Serverless: <id>.<region>.aoss.amazonaws.com and <id>.aoss.<region>.on.aws.
_AWS_HOST = re.compile(r"\.(?:([a-z0-9-]+)\.aoss\.amazonaws\.com|aoss\.([a-z0-9-]+)\.on\.aws)(?::\d+)?/?$")


@dataclass(frozen=True, slots=True)
class Target:
    """``index``: the first part of the indexes' names. ``engine``: faiss or lucene. ``compression``: 1x, 2x, ...,
    or none to leave it out of the mapping. ``auth``: auto, aoss or none. ``dims``: the expected length of vectors,
    if any is expected.
    """

    endpoint: str
    index: str = "films"
    engine: str = "faiss"
    compression: str = "1x"
    custom_ids: bool = False
    timeout_s: float = 0.3
    auth: str = "auto"
    aws_region: str | None = None
    dims: int | None = None

    def index_name(self, version: str) -> str:
        """The index of the bundle of this version."""
        return f"{self.index}-{version.lower()}"

    @property
    def signs(self) -> bool:
        """Whether requests carry an AWS signature (SigV4, service ``aoss``)."""
        return self.auth == "aoss" or (self.auth == "auto" and _AWS_HOST.search(self.endpoint) is not None)

    @property
    def region(self) -> str | None:
        """The region that requests are signed for: the given one, else that in the host's name."""
        found = _AWS_HOST.search(self.endpoint)
        return self.aws_region or (next(filter(None, found.groups())) if found else None)

    def check(self) -> None:
        """Raise ValueError, naming the settings, for what can't be signed."""
        if self.signs and not self.region:
            raise ValueError(f"AWS_REGION is not set: expected the region to sign requests to {self.endpoint} for")
        if self.signs and not self.endpoint.startswith("https://"):
            raise ValueError(f"OPENSEARCH_ENDPOINT = {self.endpoint!r}: expected https:// for signed requests")
