"""The one place where a DynamoDB client is made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# A local server takes any; it wants one all the same.
_LOCAL_KEY = "local"
_LOCAL_REGION = "us-east-1"


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
    local = (connection.endpoint or "").startswith("http://")
    session = boto3.Session(_LOCAL_KEY, _LOCAL_KEY) if local else boto3.Session()
    config = Config(
        connect_timeout=connection.timeout_s,
        read_timeout=connection.timeout_s,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=connection.connections,
        tcp_keepalive=True,
        parameter_validation=False,  # a tenth of a call's time; what is sent is ours
    )
    region = connection.region or (_LOCAL_REGION if local else None)
    client: Any = session.client("dynamodb", region_name=region, endpoint_url=connection.endpoint, config=config)
    return client  # type: ignore[no-any-return]
