"""Creation of DynamoDB clients."""

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
class DynamoLocation:
    """Location of the tables. ``endpoint``: None for the region's own; plain http is a local server, to which no AWS
    credentials are sent. ``timeout_s``: timeout of one attempt of an online call. ``connections``: size of the
    connection pool, one per thread.
    """

    tables: Tables
    region: str | None = None
    endpoint: str | None = None
    timeout_s: float = 0.3
    connections: int = 16

    @property
    def place(self) -> str:
        """Name of the server for messages."""
        return self.endpoint or f"DynamoDB in {self.region or 'the default region'}"


def make_client(connection: DynamoLocation) -> "DynamoDBClient":
    """Return a thread-safe low-level client without retries.

    ``context["read_timeout"]`` of a request, which ``DynamoStore`` sets to the rest of its deadline, shortens the
    timeout. Retries are the store's own: botocore's sleep up to a second when throttled and know no deadline
    (botocore/retries/standard.py). Raises botocore.exceptions.BotoCoreError, e.g. without a region.
    """
    config = Config(
        connect_timeout=connection.timeout_s,
        read_timeout=connection.timeout_s,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=connection.connections,
        tcp_keepalive=True,
        parameter_validation=False,  # a tenth of a call's time, for requests we build ourselves
    )
    client: DynamoDBClient = aws.make_client("dynamodb", connection.region, config, connection.endpoint)
    return client


class LazyClient:
    """A client created on first use. ``before``: called with the context of each call, before its parameters are built.
    Thread-safe.
    """

    def __init__(self, connection: DynamoLocation, before: Callable[..., None]) -> None:
        self._connection = connection
        self._before = before
        self._lock = threading.Lock()
        self._client: DynamoDBClient | None = None

    def get(self) -> "DynamoDBClient":
        """Return the client. Raises botocore.exceptions.BotoCoreError."""
        if self._client is None:
            with self._lock:
                self._client = self._client or self._create()
        return self._client

    def close(self) -> None:
        """Close its connections, if any."""
        if self._client is not None:
            self._client.close()

    def _create(self) -> "DynamoDBClient":
        client = make_client(self._connection)
        client.meta.events.register("before-parameter-build.dynamodb", self._before)
        return client
