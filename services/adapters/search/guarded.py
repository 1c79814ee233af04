"""A remote engine with the embedded one behind it: when the first is down or late, the second answers and says so."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from services.adapters.breaker import Breaker
from services.adapters.foreign import translated
from services.adapters.search.failures import LEAST_S, RemoteFailure, unreadable
from services.recommender.names.names import Names
from services.recommender.ports import Deadline, Mention, Named, SearchPort, SearchRequest, SearchResult

_log = logging.getLogger(__name__)


class RemoteSearch(Protocol):
    """Both legs from an engine elsewhere."""

    index_version: str

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """Raises RemoteFailure."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


class GuardedSearch:
    """The search port: asks ``remote`` unless the breaker holds it back, and ``local`` whenever that gives nothing.

    ``local`` holds the films of the same bundle, so the answer is of the same kind; why it is not the remote one
    stands in ``SearchResult.degraded``. Words and names of the films are always local: a type-ahead follows every key
    that is pressed, and a query is read by them before either engine is asked.
    """

    def __init__(self, remote: RemoteSearch, local: SearchPort, breaker: Breaker) -> None:
        self.index_version = remote.index_version
        self._remote = remote
        self._local = local
        self._breaker = breaker
        self._last = ""

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """Both legs, remote or local. Raises SearchUnavailable only if the local engine fails, too."""
        if deadline.remaining() < LEAST_S:
            return self._locally(request, deadline, "late")
        attempt, began = self._breaker.attempt(), deadline.clock.monotonic()
        if attempt is None:
            return self._locally(request, deadline, f"breaker open after {self._last}")
        try:
            with translated(unreadable, "the answer of OpenSearch"):
                result = self._remote.search(request, deadline)
        except RemoteFailure as failure:
            attempt.failed()
            self._last = failure.reason
            _log.warning("OpenSearch did not answer, the embedded index does: %s", failure)
            lost_s = deadline.clock.monotonic() - began
            return self._locally(request, deadline, failure.reason, lost_s)
        attempt.succeeded()
        return result

    @property
    def names(self) -> Names:
        """What the films go by, from the local index."""
        return self._local.names

    def mentions(self, words: Sequence[str]) -> list[Mention]:
        """Where words stand, from the local index."""
        return self._local.mentions(words)

    def named(self, text: str, errors: int = 0) -> Named:
        """The films of a name, from the local index."""
        return self._local.named(text, errors)

    def close(self) -> None:
        """Close both."""
        self._remote.close()
        self._local.close()

    def _locally(self, request: SearchRequest, deadline: Deadline, reason: str, lost_s: float = 0.0) -> SearchResult:
        """The local answer. What the remote engine was waited for in vain counts as time of both legs."""
        found = self._local.search(request, deadline)
        text, knn = (
            None if leg is None else replace(leg, ms=leg.ms + 1_000 * lost_s) for leg in (found.text, found.knn)
        )
        return SearchResult(text, knn, (reason,))
