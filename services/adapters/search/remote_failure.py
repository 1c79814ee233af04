"""Failures of a remote search engine."""

from services.recommender.errors import SearchUnavailable

# With less time left no call is made: it would only count as a failure of the engine.
LEAST_S = 0.02


class RemoteFailure(SearchUnavailable):
    """The remote engine is down, late, throttled, or lacks the index. ``reason``: a few words, for ``degraded``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


def unreadable(detail: str) -> RemoteFailure:
    """Return the failure for an unreadable answer."""
    return RemoteFailure("unreadable answer", detail)
