"""Which OpenSearch to use and how: what the adapter and the index job need to know of the settings."""

import re
from dataclasses import dataclass
from typing import Literal

# A server of one's own (also a managed domain), or a collection of OpenSearch Serverless by its generation.
Kind = Literal["server", "classic", "nextgen"]

# Amazon OpenSearch Serverless developer guide, "Collection endpoints": <id>.<region>.aoss.amazonaws.com is Classic,
# <id>.aoss.<region>.on.aws NextGen.
_CLASSIC_HOST = re.compile(r"\.([a-z0-9-]+)\.aoss\.amazonaws\.com(?::\d+)?/?$")
_NEXTGEN_HOST = re.compile(r"\.aoss\.([a-z0-9-]+)\.on\.aws(?::\d+)?/?$")


@dataclass(frozen=True, slots=True)
class Target:
    """``kind``: what mappings are made for. ``index``: the first part of the indexes' names. ``engine``: faiss, or on a
    server lucene. ``compression``: auto, 1x, 2x, ..., or none to leave it out of the mapping. ``custom_ids``: whether
    documents get ids of ours, None: if they are taken. ``auth``: auto, aoss or none. ``dims``: the expected length of
    vectors, if any is expected.
    """

    endpoint: str
    kind: Kind = "server"
    index: str = "films"
    engine: str = "faiss"
    compression: str = "auto"
    custom_ids: bool | None = None
    timeout_s: float = 0.3
    auth: str = "auto"
    aws_region: str | None = None
    dims: int | None = None

    def index_name(self, version: str) -> str:
        """The index of the bundle of this version."""
        return f"{self.index}-{version.lower()}"

    @property
    def compression_level(self) -> str | None:
        """What a mapping says of compression, None: nothing. By default vectors stay whole: NextGen would compress them
        32 times, which is right for billions; Classic keeps them whole, and may not know the option.
        """
        if self.compression == "auto":
            return None if self.kind == "classic" else "1x"
        return None if self.compression == "none" else self.compression

    @property
    def signs(self) -> bool:
        """Whether requests carry an AWS signature (SigV4, service ``aoss``)."""
        return self.auth == "aoss" or (self.auth == "auto" and self.kind != "server")

    @property
    def region(self) -> str | None:
        """The region that requests are signed for: the given one, else that in the host's name."""
        found = _CLASSIC_HOST.search(self.endpoint) or _NEXTGEN_HOST.search(self.endpoint)
        return self.aws_region or (found.group(1) if found else None)

    def check(self) -> None:
        """Raise ValueError, naming the settings, for what can't be signed and for what this kind refuses."""
        self._check_signing()
        if self.kind != "server" and self.engine != "faiss":
            raise ValueError(
                f"OPENSEARCH_ENGINE = {self.engine!r}: expected faiss, because OPENSEARCH_KIND {self.kind} "
                "(OpenSearch Serverless) has no other engine"
            )
        if self.kind == "classic" and self.custom_ids:
            raise ValueError("OPENSEARCH_CUSTOM_IDS = on: expected off, because OPENSEARCH_KIND classic refuses ids")
        if self.kind == "nextgen" and self.compression == "4x":
            raise ValueError(
                "OPENSEARCH_COMPRESSION = '4x': OPENSEARCH_KIND nextgen knows 1x, 2x, 8x, 16x and 32x only"
            )

    def _check_signing(self) -> None:
        if self.signs and not self.region:
            raise ValueError(f"AWS_REGION is not set: expected the region to sign requests to {self.endpoint} for")
        if self.signs and not self.endpoint.startswith("https://"):
            raise ValueError(f"OPENSEARCH_ENDPOINT = {self.endpoint!r}: expected https:// for signed requests")
        if self.signs and self.kind == "server":
            raise ValueError(
                "OPENSEARCH_KIND: expected classic or nextgen while OPENSEARCH_AUTH is aoss; the name of "
                f"{self.endpoint} does not tell the generation of its collection"
            )


def kind_of(endpoint: str) -> Kind:
    """What the host's name tells: a generation where it is a name that AWS gives to collections, else a server."""
    if _NEXTGEN_HOST.search(endpoint):
        return "nextgen"
    return "classic" if _CLASSIC_HOST.search(endpoint) else "server"
