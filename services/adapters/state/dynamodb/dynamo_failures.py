"""Classification of DynamoDB and botocore errors, and messages that say what to do.

Error codes: DynamoDB Developer Guide, "Error handling with DynamoDB".
"""

from typing import Any

from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as NoConnection

CONDITION_FAILED = "ConditionalCheckFailedException"
CANCELLED = "TransactionCanceledException"
MISSING_TABLE = "ResourceNotFoundException"
_REFUSED = "ValidationException"
_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)
# Another call holds the item, or the same transaction is in progress.
_BUSY = frozenset(
    {"TransactionConflictException", "TransactionInProgressException", "ReplicatedWriteConflictException"}
)
_DENIED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
# Reasons of a cancelled transaction that a fresh read and a retry may resolve.
_TRANSIENT = frozenset(
    {"None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_SERVER_ERROR = 500
_NO_ANSWER = (HTTPClientError, NoConnection)


class Contended(Exception):
    """A condition failed, or another writer held the item: nothing was written. ``item``: the item as found, if the
    call requested it.
    """

    def __init__(self, item: dict[str, Any] | None = None) -> None:
        super().__init__("the item does not meet the condition")
        self.item = item


def code_of(error: Exception) -> str:
    """Return DynamoDB's error code, "" for an error without a response."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_contention(error: Exception) -> bool:
    """Return whether another writer was first: not an outage, and not to be retried unchanged."""
    code = code_of(error)
    if code == CONDITION_FAILED:
        return True
    if code != CANCELLED or not isinstance(error, ClientError):
        return False
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return all(reason.get("Code", "None") in _TRANSIENT for reason in reasons)


def is_transient(error: Exception) -> bool:
    """Return whether the same call may succeed a moment later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in _THROTTLED | _BUSY or status >= _SERVER_ERROR
    return isinstance(error, _NO_ANSWER)


def is_outage(error: Exception) -> bool:
    """Return whether DynamoDB is currently unusable from here. A throttled key, a lost race or an oversized item says
    nothing about the next call.
    """
    return code_of(error) not in _THROTTLED | _BUSY | {CONDITION_FAILED, CANCELLED, _REFUSED}


def is_busy(error: Exception) -> bool:
    """Return whether too many calls compete for a key or table."""
    return code_of(error) in _THROTTLED | _BUSY


def advice(error: Exception) -> str:
    """Return the cause and the remedy, for the operator; the caller names the server."""
    code = code_of(error)
    if code in _THROTTLED:
        return "is throttling; send the request again, and raise the limits of the tables or the account if it persists"
    if code in _BUSY:
        return "is busy with other writes to the same person or key; send the request again"
    if code in _DENIED:
        return "rejects the credentials; give the role of this process access to the tables"
    if isinstance(error, NoCredentialsError):
        return "needs credentials; give this process a role, or set AWS_ACCESS_KEY_ID and its secret"
    if isinstance(error, _NO_ANSWER):
        return "did not respond in time; send the request again, and check the network if it persists"
    if is_transient(error):
        return "failed; send the request again"
    return "refused the call; check AWS_REGION, DDB_ENDPOINT and the tables"
