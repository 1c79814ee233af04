"""The client for writing: with long timeouts, unlike the serving one."""

from collections.abc import Iterator
from contextlib import contextmanager

from opensearchpy import OpenSearch

from services.adapters.search.opensearch.connection import connect
from services.adapters.search.opensearch.target import OpenSearchTarget

CALL_S = 60.0
_CONNECTIONS = 4


@contextmanager
def writer(target: OpenSearchTarget) -> Iterator[OpenSearch]:
    """Yield a client for long calls; its connections are closed at the end."""
    client = connect(target, CALL_S, _CONNECTIONS)
    try:
        yield client
    finally:
        client.close()
