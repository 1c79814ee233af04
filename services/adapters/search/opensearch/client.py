"""The connection: signed where it must be, no retries but our own, every failure a few plain words.

Source: Amazon OpenSearch Serverless developer guide, "Supported operations" and "Signing HTTP requests": no ping, no
info, and ``x-amz-content-sha256`` among the signed headers.
"""

import logging
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth, Urllib3HttpConnection
from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError

from services.adapters import jitter
from services.adapters.search.failures import LEAST_S, RemoteFailure
from services.adapters.search.opensearch.target import Target
from services.recommender.ports import Deadline

CONNECTIONS = 16
_PAUSE_S = (0.01, 0.04)
_AGAIN = (429, 502, 503, 504)
_REASONS = {401: "not allowed", 403: "not allowed", 404: "index missing", 429: "throttled"}

# Its warnings carry a traceback for each call that times out; what matters of them is in our own errors.
logging.getLogger("opensearch").setLevel(logging.ERROR)


def connect(target: Target, timeout_s: float, connections: int = CONNECTIONS) -> OpenSearch:
    """A client that opens its connections when it is first used and is safe to share by threads."""
    return OpenSearch(
        hosts=[target.endpoint],
        http_auth=_signer(target),
        connection_class=Urllib3HttpConnection,
        pool_maxsize=connections,
        timeout=timeout_s,
        max_retries=0,
    )


def described(error: OpenSearchException) -> str:
    """What went wrong, without the representation of objects around it."""
    if isinstance(error, TransportError) and not isinstance(error.status_code, int):
        return str(error.error)
    return str(error)


def _signer(target: Target) -> Urllib3AWSV4SignerAuth | None:
    if not target.signs:
        return None
    from services.adapters.aws import session

    return Urllib3AWSV4SignerAuth(session().get_credentials(), target.region, "aoss")


class SearchClient:
    """The two calls that serving needs, each within a deadline. Raises RemoteFailure whatever goes wrong."""

    def __init__(self, target: Target, sleep: Callable[[float], None] = time.sleep) -> None:
        self._target = target
        self._sleep = sleep
        self._lock = Lock()
        self._client: OpenSearch | None = None

    def mapping(self, index: str, deadline: Deadline) -> Mapping[str, Any]:
        """``{"mappings": {...}}`` of an index."""
        found = self._within(deadline, lambda timeout_s: self._get_mapping(index, timeout_s))
        return dict(next(iter(found.values()), {}))

    def msearch(self, index: str, body: str, deadline: Deadline) -> list[Mapping[str, Any]]:
        """The answers to the searches of a body in newline-delimited JSON, in order, each complete."""
        return list(self._within(deadline, lambda timeout_s: self._msearch(index, body, timeout_s))["responses"])

    def close(self) -> None:
        """Give the connections back; a later call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> OpenSearch:
        with self._lock:
            if self._client is None:
                self._client = connect(self._target, self._target.timeout_s)
            return self._client

    def _within(self, deadline: Deadline, call: Callable[[float], dict[str, Any]]) -> dict[str, Any]:
        """One call, and a second one after what a moment may mend, in the time that is left for both."""
        clock, allowed_s = deadline.clock, min(self._target.timeout_s, deadline.remaining())
        if deadline.remaining() < LEAST_S:
            raise RemoteFailure("late", "nothing of the request's time is left")
        until = clock.monotonic() + allowed_s
        try:
            return call(allowed_s)
        except _Passing as failure:
            pause_s = jitter.between(*_PAUSE_S)
            if until - clock.monotonic() < pause_s + LEAST_S:
                raise
            self._sleep(pause_s)
            left = until - clock.monotonic()
            if left < LEAST_S:
                raise RemoteFailure(failure.reason, str(failure)) from failure
            return call(left)

    def _get_mapping(self, index: str, timeout_s: float) -> dict[str, Any]:
        return self._request("GET", f"/{index}/_mapping", None, timeout_s)

    def _msearch(self, index: str, body: str, timeout_s: float) -> dict[str, Any]:
        answer = self._request("POST", f"/{index}/_msearch", body, timeout_s)
        if not isinstance(answer.get("responses"), list):
            raise RemoteFailure("unreadable answer", f"an _msearch without responses: {str(answer)[:200]}")
        for response in answer["responses"]:
            _check(response)
        return answer

    def _request(self, method: str, path: str, body: str | None, timeout_s: float) -> dict[str, Any]:
        try:
            answer = self._connected().transport.perform_request(
                method, path, params={"request_timeout": timeout_s}, body=body
            )
        except ConnectionTimeout as error:
            raise RemoteFailure("timeout", f"no answer from {self._target.endpoint} in {timeout_s:.3f} s") from error
        except TransportError as error:
            raise _failure(error.status_code, described(error)) from error
        except (OpenSearchException, UnicodeDecodeError) as error:
            raise RemoteFailure("unreadable answer", str(error)) from error
        if not isinstance(answer, dict):
            raise RemoteFailure("unreadable answer", f"{path}: {type(answer).__name__}, expected a JSON object")
        return answer


class _Passing(RemoteFailure):
    """A failure that may have passed by the next call: throttled, a node that restarts, a connection given up."""


def _check(response: Mapping[str, Any]) -> None:
    """Raise RemoteFailure for a search that failed or that not every shard has answered in full."""
    if "error" in response:
        raise _failure(response.get("status"), str(response["error"]))
    if response.get("timed_out"):
        raise RemoteFailure("timeout", "the engine ran out of its own time")
    failed = response.get("_shards", {}).get("failed", 0)
    if failed:
        raise _Passing("unavailable", f"{failed} shards did not answer")


def _failure(status: object, detail: str) -> RemoteFailure:
    """The failure that a status means; "N/A" is the client's word for no connection."""
    if status == 400:
        return RemoteFailure("wrong dimension" if "dimension" in detail else "refused", detail)
    reason = _REASONS.get(status, "unavailable") if isinstance(status, int) else "unavailable"
    passing = status in _AGAIN or status == "N/A"
    return (_Passing if passing else RemoteFailure)(reason, detail)
