"""Why a remote engine did not answer a search."""

from services.recommender.errors import SearchUnavailable

# With less time than this left a call is not begun: it would only be counted as a failure of the engine.
LEAST_S = 0.02


class RemoteFailure(SearchUnavailable):
    """The remote engine is down, late, throttled, or lacks the index. ``reason``: a few words, for ``degraded``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


def unreadable(detail: str) -> RemoteFailure:
    """The failure of an engine whose answer is none."""
    return RemoteFailure("unreadable answer", detail)
