"""OpenSearch calls of serving, each within a deadline and retried once if that may help."""

import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from services.adapters import jitter
from services.adapters.search.opensearch.statuses import TransientFailure, failure_of
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.adapters.search.remote_failure import LEAST_S, RemoteFailure
from services.recommender.ports import Deadline

if TYPE_CHECKING:
    from services.adapters.search.opensearch.connection import JsonConnection

_PAUSE_S = (0.01, 0.04)


class SearchClient:
    """OpenSearch calls needed for serving, each within a deadline. Every failure raises RemoteFailure."""

    def __init__(self, target: OpenSearchTarget, sleep: Callable[[float], None] = time.sleep) -> None:
        self._target = target
        self._sleep = sleep
        self._lock = Lock()
        self._connection: JsonConnection | None = None

    def mapping(self, index: str, deadline: Deadline) -> Mapping[str, Any]:
        """Return ``{"mappings": {...}}`` of an index."""
        mappings = self._within(deadline, lambda timeout_s: self._get_mapping(index, timeout_s))
        return dict(next(iter(mappings.values()), {}))

    def msearch(self, index: str, body: str, deadline: Deadline) -> list[Mapping[str, Any]]:
        """Return the responses to the searches of a newline-delimited JSON body, in order, each complete."""
        return list(self._within(deadline, lambda timeout_s: self._msearch(index, body, timeout_s))["responses"])

    def close(self) -> None:
        """Release the connections; a later call opens new ones."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> "JsonConnection":
        from services.adapters.search.opensearch.connection import JsonConnection

        with self._lock:
            if self._connection is None:
                self._connection = JsonConnection(self._target)
            return self._connection

    def _within(self, deadline: Deadline, call: Callable[[float], dict[str, Any]]) -> dict[str, Any]:
        """Make a call, and retry it once after a transient failure, within the time left for both."""
        clock, allowed_s = deadline.clock, min(self._target.timeout_s, deadline.remaining())
        if deadline.remaining() < LEAST_S:
            raise RemoteFailure("late", "no time left in the request")
        until = clock.monotonic() + allowed_s
        try:
            return call(allowed_s)
        except TransientFailure as failure:
            pause_s = jitter.between(*_PAUSE_S)
            if until - clock.monotonic() < pause_s + LEAST_S:
                raise
            self._sleep(pause_s)
            left = until - clock.monotonic()
            if left < LEAST_S:
                raise RemoteFailure(failure.reason, str(failure)) from failure
            return call(left)

    def _get_mapping(self, index: str, timeout_s: float) -> dict[str, Any]:
        return self._connected().request("GET", f"/{index}/_mapping", None, timeout_s)

    def _msearch(self, index: str, body: str, timeout_s: float) -> dict[str, Any]:
        response = self._connected().request("POST", f"/{index}/_msearch", body, timeout_s)
        if not isinstance(response.get("responses"), list):
            raise RemoteFailure("unreadable answer", f"an _msearch without responses: {str(response)[:200]}")
        for result in response["responses"]:
            _check(result)
        return response


def _check(response: Mapping[str, Any]) -> None:
    """Raise RemoteFailure for a failed search, or one that not every shard has completed."""
    if "error" in response:
        raise failure_of(response.get("status"), str(response["error"]))
    if response.get("timed_out"):
        raise RemoteFailure("timeout", "OpenSearch stopped at its own timeout")
    failed = response.get("_shards", {}).get("failed", 0)
    if failed:
        raise TransientFailure("unavailable", f"{failed} shards did not respond")
