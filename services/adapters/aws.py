"""Clients of AWS: one session a process, since what it reads of a service takes longer than all else of a client."""

import threading
from functools import cache
from typing import Any

import botocore.session
from botocore.awsrequest import AWSHTTPConnectionPool, AWSHTTPSConnectionPool
from botocore.config import Config

from services.adapters.bounded import bounded_class

# A local server takes any; it wants one all the same.
LOCAL_KEY = "local"
LOCAL_REGION = "us-east-1"
_lock = threading.Lock()

# Of all clients, boto3's too; where nothing is bounded they are as before.
for _pool in (AWSHTTPConnectionPool, AWSHTTPSConnectionPool):
    _pool.ConnectionCls = bounded_class(_pool.ConnectionCls)


@cache
def session() -> botocore.session.Session:
    """The process' own session: credentials are fetched once, when the first client is made.

    Not boto3's, which adds resources and transfers that no request needs to it, and a sixth to the time of its import.
    """
    return botocore.session.get_session()


def make_client(service: str, region: str | None, config: Config, endpoint: str | None = None) -> Any:  # noqa: ANN401
    """A low-level client, safe to share by threads. ``endpoint`` None: the region's own; plain http is a local server,
    to which no credentials of AWS are sent. Raises botocore.exceptions.BotoCoreError, e.g. for want of a region.
    """
    local = is_local(endpoint)
    keys = {"aws_access_key_id": LOCAL_KEY, "aws_secret_access_key": LOCAL_KEY} if local else {}
    shared: Any = session()
    # A session must not make two clients at once (boto3 guide, "Multithreading").
    with _lock:
        return shared.create_client(
            service, region_name=region or (LOCAL_REGION if local else None), endpoint_url=endpoint, config=config,
            **keys,
        )  # fmt: skip


def is_local(endpoint: str | None) -> bool:
    """Whether an endpoint is a server of this machine or network, reached by plain http."""
    return (endpoint or "").startswith("http://")


def read_models(*services: str) -> None:
    """Read what clients of these services are made of, without credentials and without a connection: what is left for
    the first client takes 5 ms instead of 60, and a snapshot of the process holds nothing that goes stale.
    """
    for service in services:
        make_client(service, None, Config(), endpoint="http://127.0.0.1").close()
