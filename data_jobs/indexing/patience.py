"""Retry calls while a collection wakes up, is busy, or does not yet know our access policy.

A collection scaled to zero takes half a minute to come back, and returns 429, 500 to 504 or nothing meanwhile; a new
data access policy takes effect after about a minute, and until then the response is 403. Source: Amazon OpenSearch
Serverless developer guide, "Scale to zero" and "Data access control".
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from opensearchpy.exceptions import (
    AuthorizationException,
    ConnectionTimeout,
    OpenSearchException,
    SSLError,
    TransportError,
)
from urllib3.exceptions import NewConnectionError

from data_jobs.report import Progress
from services.adapters.search.opensearch.connection import described
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.adapters.search.remote_failure import RemoteFailure
from services.recommender.errors import SearchUnavailable
from services.recommender.ports import Clock

ACCESS_S = 180.0
WAKE_S = 300.0
_PAUSES_S = (1.0, 2.0, 4.0)
LONGEST_PAUSE_S = 8.0
_TRANSIENT = (429, 500, 502, 503, 504)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Retries calls to one target. ``sleep`` in seconds."""

    target: OpenSearchTarget
    clock: Clock
    progress: Progress
    sleep: Callable[[float], None] = time.sleep

    def call(self, call: Callable[[], T]) -> T:
        """Return the call's result, with retries: up to three minutes for access and five for other transient errors.

        A refused connection is reported at once. Raises SearchUnavailable; other errors than OpenSearch's propagate.
        """
        started = self.clock.monotonic()
        for pause_s in _pauses():
            try:
                return call()
            except (OpenSearchException, RemoteFailure) as error:
                allowed_s = _allowed_s(error)
                waited = self.clock.monotonic() - started
                if waited + pause_s > allowed_s:
                    raise self._given_up(error) from error
                what = "access is granted" if allowed_s == ACCESS_S else f"{self.target.endpoint} answers"
            self.progress.advance(f"seconds until {what}", int(waited + pause_s), int(allowed_s))
            self.sleep(pause_s)
        raise AssertionError("pauses never end")

    def _given_up(self, error: OpenSearchException | RemoteFailure) -> SearchUnavailable:
        if isinstance(error, AuthorizationException):
            return SearchUnavailable(
                f"{self.target.endpoint} refuses: {error}; does its data access policy name this role?"
            )
        text = str(error) if isinstance(error, RemoteFailure) else described(error)
        return SearchUnavailable(f"{self.target.endpoint} failed: {text}")


def _pauses() -> Iterator[float]:
    yield from _PAUSES_S
    while True:
        yield LONGEST_PAUSE_S


def _allowed_s(error: OpenSearchException | RemoteFailure) -> float:
    """Return how long this error may persist, in seconds."""
    if isinstance(error, AuthorizationException):
        return ACCESS_S
    if isinstance(error, RemoteFailure | ConnectionTimeout):
        return WAKE_S
    if not isinstance(error, TransportError) or isinstance(error, SSLError):
        return 0.0
    dropped = error.status_code == "N/A" and not isinstance(error.info, NewConnectionError)
    return WAKE_S if dropped or error.status_code in _TRANSIENT else 0.0
