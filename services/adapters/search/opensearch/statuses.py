"""Meaning of OpenSearch statuses for a search."""

from services.adapters.search.remote_failure import RemoteFailure

_RETRYABLE = (429, 502, 503, 504)
_REASONS = {401: "not allowed", 403: "not allowed", 404: "index missing", 429: "throttled"}


class TransientFailure(RemoteFailure):
    """A failure that may be over at the next call: throttling, a restarting node, a dropped connection."""


def failure_of(status: object, detail: str) -> RemoteFailure:
    """Return the failure for a status; "N/A" is the client's value for no connection."""
    if status == 400:
        return RemoteFailure("wrong dimension" if "dimension" in detail else "refused", detail)
    reason = _REASONS.get(status, "unavailable") if isinstance(status, int) else "unavailable"
    is_transient = status in _RETRYABLE or status == "N/A"
    return (TransientFailure if is_transient else RemoteFailure)(reason, detail)
