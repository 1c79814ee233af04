"""Remote search with the embedded engine as fallback, which is reported in the result."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from services.adapters.breaker import Breaker
from services.adapters.foreign import translated
from services.adapters.search.remote_failure import LEAST_S, RemoteFailure, unreadable
from services.recommender.names.names import Names
from services.recommender.ports import Deadline, Mention, NamedFilms, SearchPort, SearchRequest, SearchResult

_log = logging.getLogger(__name__)


class RemoteSearch(Protocol):
    """Text and vector search in a remote engine."""

    index_version: str

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """Run both retrievers. Raises RemoteFailure."""
        ...

    def close(self) -> None:
        """Release the connections."""
        ...


class GuardedSearch:
    """Search port that uses ``remote`` unless the breaker is open, and ``local`` whenever that fails.

    ``local`` holds the same bundle's films, so its results are equivalent; ``SearchResult.degraded`` says why it was
    used. Words and names are always looked up locally: type-ahead follows every keystroke, and queries are interpreted
    before either engine is called.
    """

    def __init__(self, remote: RemoteSearch, local: SearchPort, breaker: Breaker) -> None:
        self.index_version = remote.index_version
        self._remote = remote
        self._local = local
        self._breaker = breaker
        self._last = ""

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        """Run both retrievers, remote or local. Raises SearchUnavailable only if the local engine fails, too."""
        if deadline.remaining() < LEAST_S:
            return self._locally(request, deadline, "late")
        attempt, start = self._breaker.attempt(), deadline.clock.monotonic()
        if attempt is None:
            return self._locally(request, deadline, f"breaker open after {self._last}")
        try:
            with translated(unreadable, "the response of OpenSearch"):
                result = self._remote.search(request, deadline)
        except RemoteFailure as failure:
            attempt.failed()
            self._last = failure.reason
            _log.warning("OpenSearch failed, using the embedded index: %s", failure)
            lost_s = deadline.clock.monotonic() - start
            return self._locally(request, deadline, failure.reason, lost_s)
        attempt.succeeded()
        return result

    @property
    def names(self) -> Names:
        """Names of the films, from the local index."""
        return self._local.names

    def mentions(self, words: Sequence[str]) -> list[Mention]:
        """Return where words occur, from the local index."""
        return self._local.mentions(words)

    def named(self, text: str, errors: int = 0) -> NamedFilms:
        """Return the films with a name, from the local index."""
        return self._local.named(text, errors)

    def close(self) -> None:
        """Close both engines."""
        self._remote.close()
        self._local.close()

    def _locally(self, request: SearchRequest, deadline: Deadline, reason: str, lost_s: float = 0.0) -> SearchResult:
        """Search locally. Time lost waiting for the remote engine is charged to both retrievers."""
        result = self._local.search(request, deadline)
        both = (result.text, result.knn)
        text, knn = (None if hits is None else replace(hits, ms=hits.ms + 1_000 * lost_s) for hits in both)
        return SearchResult(text, knn, (reason,))
