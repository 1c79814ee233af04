"""AWS clients from one session per process, as loading a service's description dominates the cost of a client."""

import threading
from functools import cache
from typing import Any

import botocore.session
from botocore.awsrequest import AWSHTTPConnectionPool, AWSHTTPSConnectionPool
from botocore.config import Config

from services.adapters.bounded import bounded_class

# A local server accepts any key but requires one.
LOCAL_KEY = "local"
LOCAL_REGION = "us-east-1"
_lock = threading.Lock()

# Applies to all clients, boto3's included; without a bound they behave as before.
for _pool in (AWSHTTPConnectionPool, AWSHTTPSConnectionPool):
    _pool.ConnectionCls = bounded_class(_pool.ConnectionCls)


@cache
def session() -> botocore.session.Session:
    """Return the process's session: credentials are fetched once, when the first client is made.

    Not boto3's session, which adds resources and transfers that requests do not need, and a sixth to the import time.
    """
    return botocore.session.get_session()


def make_client(service: str, region: str | None, config: Config, endpoint: str | None = None) -> Any:  # noqa: ANN401
    """Return a low-level, thread-safe client. ``endpoint`` None: the region's own; plain http is a local server, to
    which no AWS credentials are sent. Raises botocore.exceptions.BotoCoreError, e.g. without a region.
    """
    local = is_local(endpoint)
    keys = {"aws_access_key_id": LOCAL_KEY, "aws_secret_access_key": LOCAL_KEY} if local else {}
    shared: Any = session()
    # A session is not thread-safe while creating clients (boto3 guide, "Multithreading").
    with _lock:
        return shared.create_client(
            service, region_name=region or (LOCAL_REGION if local else None), endpoint_url=endpoint, config=config,
            **keys,
        )  # fmt: skip


def is_local(endpoint: str | None) -> bool:
    """Return whether an endpoint is a local server, reached over plain http."""
    return (endpoint or "").startswith("http://")


def read_models(*services: str) -> None:
    """Preload the descriptions of these services, without credentials or connections: the first client then takes 5 ms
    instead of 60, and a process snapshot holds nothing that goes stale.
    """
    for service in services:
        make_client(service, None, Config(), endpoint="http://127.0.0.1").close()
