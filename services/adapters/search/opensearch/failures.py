"""What a status of OpenSearch means for a search."""

from services.adapters.search.failures import RemoteFailure

_AGAIN = (429, 502, 503, 504)
_REASONS = {401: "not allowed", 403: "not allowed", 404: "index missing", 429: "throttled"}


class PassingFailure(RemoteFailure):
    """A failure that may have passed by the next call: throttled, a node that restarts, a connection given up."""


def failure_of(status: object, detail: str) -> RemoteFailure:
    """The failure that a status means; "N/A" is the client's word for no connection."""
    if status == 400:
        return RemoteFailure("wrong dimension" if "dimension" in detail else "refused", detail)
    reason = _REASONS.get(status, "unavailable") if isinstance(status, int) else "unavailable"
    passing = status in _AGAIN or status == "N/A"
    return (PassingFailure if passing else RemoteFailure)(reason, detail)
