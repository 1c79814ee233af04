"""OpenSearch target: connection and index options, for serving and indexing."""

import re
from dataclasses import dataclass
from typing import Literal

# A server (including managed domains), or an OpenSearch Serverless collection by generation.
Kind = Literal["server", "classic", "nextgen"]

# Amazon OpenSearch Serverless developer guide, "Collection endpoints": <id>.<region>.aoss.amazonaws.com is Classic,
# <id>.aoss.<region>.on.aws NextGen.
_CLASSIC_HOST = re.compile(r"\.([a-z0-9-]+)\.aoss\.amazonaws\.com(?::\d+)?/?$")
_NEXTGEN_HOST = re.compile(r"\.aoss\.([a-z0-9-]+)\.on\.aws(?::\d+)?/?$")


@dataclass(frozen=True, slots=True)
class OpenSearchTarget:
    """``kind``: determines the mappings. ``index``: prefix of index names. ``engine``: faiss, or lucene on a server.
    ``compression``: auto, 1x, 2x, ..., or none to omit it from the mapping. ``custom_ids``: whether documents get our
    ids, None: if supported. ``auth``: auto, aoss or none. ``dims``: expected vector length, if any.
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
        """Return the index name for a bundle version."""
        return f"{self.index}-{version.lower()}"

    @property
    def compression_level(self) -> str | None:
        """Compression level for the mapping, None to omit it. By default vectors are uncompressed: NextGen would
        compress them 32 times, which suits billions; Classic does not compress, and may not support the option.
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
        """Region to sign requests for: the given one, else that in the host name."""
        host = _CLASSIC_HOST.search(self.endpoint) or _NEXTGEN_HOST.search(self.endpoint)
        return self.aws_region or (host.group(1) if host else None)

    def check(self) -> None:
        """Raise ValueError, naming the settings, for requests that cannot be signed or options this kind rejects."""
        self._check_signing()
        if self.kind != "server" and self.engine != "faiss":
            raise ValueError(
                f"OPENSEARCH_ENGINE = {self.engine!r}: expected faiss, because OPENSEARCH_KIND {self.kind} "
                "(OpenSearch Serverless) supports no other engine"
            )
        if self.kind == "classic" and self.custom_ids:
            raise ValueError("OPENSEARCH_CUSTOM_IDS = on: expected off, because OPENSEARCH_KIND classic rejects ids")
        if self.kind == "nextgen" and self.compression == "4x":
            raise ValueError(
                "OPENSEARCH_COMPRESSION = '4x': OPENSEARCH_KIND nextgen supports only 1x, 2x, 8x, 16x and 32x"
            )

    def _check_signing(self) -> None:
        if self.signs and not self.region:
            raise ValueError(f"AWS_REGION is not set: expected the region to sign requests to {self.endpoint} for")
        if self.signs and not self.endpoint.startswith("https://"):
            raise ValueError(f"OPENSEARCH_ENDPOINT = {self.endpoint!r}: expected https:// for signed requests")
        if self.signs and self.kind == "server":
            raise ValueError(
                "OPENSEARCH_KIND: expected classic or nextgen while OPENSEARCH_AUTH is aoss; the name of "
                f"{self.endpoint} does not reveal the generation of its collection"
            )


def kind_of(endpoint: str) -> Kind:
    """Return the generation of an AWS collection's host name, otherwise "server"."""
    if _NEXTGEN_HOST.search(endpoint):
        return "nextgen"
    return "classic" if _CLASSIC_HOST.search(endpoint) else "server"
