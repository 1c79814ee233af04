"""The one place where DynamoDB clients are made."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.config import Config

from services.adapters import aws

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Tables:
    """Names of the tables."""

    users: str
    events: str
    cache: str


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the tables are. ``endpoint``: None for the region's own; plain http is a local server, to which no
    credentials of AWS are sent. ``timeout_s``: the longest wait of one attempt of an online call.
    ``connections``: kept open, as many as there are threads.
    """

    tables: Tables
    region: str | None = None
    endpoint: str | None = None
    timeout_s: float = 0.3
    connections: int = 16

    @property
    def place(self) -> str:
        """The server as messages name it."""
        return self.endpoint or f"DynamoDB in {self.region or 'the default region'}"


def make_client(connection: Connection) -> "DynamoDBClient":
    """A thread-safe low-level client that tries once and waits no longer than told.

    ``context["read_timeout"]`` of a request, which ``DynamoStore`` sets to what is left of its deadline, shortens the
    wait. Retries are the store's own: botocore's begin throttled ones with up to a second of sleep and know no
    deadline (botocore/retries/standard.py). Raises botocore.exceptions.BotoCoreError, e.g. for no region.
    """
    config = Config(
        connect_timeout=connection.timeout_s,
        read_timeout=connection.timeout_s,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=connection.connections,
        tcp_keepalive=True,
        parameter_validation=False,  # a tenth of a call's time; what is sent is ours
    )
    client: DynamoDBClient = aws.make_client("dynamodb", connection.region, config, connection.endpoint)
    return client


class LazyClient:
    """A client that is made when it is first wanted. ``before``: called with the context of each call, before its
    parameters are built. Safe to share by threads.
    """

    def __init__(self, connection: Connection, before: Callable[..., None]) -> None:
        self._connection = connection
        self._before = before
        self._lock = threading.Lock()
        self._client: DynamoDBClient | None = None

    def get(self) -> "DynamoDBClient":
        """The client. Raises botocore.exceptions.BotoCoreError."""
        if self._client is None:
            with self._lock:
                self._client = self._client or self._made()
        return self._client

    def close(self) -> None:
        """Close its connections, if there are any."""
        if self._client is not None:
            self._client.close()

    def _made(self) -> "DynamoDBClient":
        client = make_client(self._connection)
        client.meta.events.register("before-parameter-build.dynamodb", self._before)
        return client
