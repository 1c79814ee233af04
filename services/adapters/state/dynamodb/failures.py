"""What DynamoDB and botocore say when a call fails: what to do about it, and in which words.

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
# Another call has the item, or the same transaction is still under way.
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
# Reasons of a cancelled transaction that a new read and another try may get over.
_PASSING = frozenset(
    {"None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_SERVER_ERROR = 500
_NO_ANSWER = (HTTPClientError, NoConnection)


class Contended(Exception):
    """A condition did not hold, or another writer had the item: nothing was written. ``item``: the item as it was
    found, where the call asked for it.
    """

    def __init__(self, item: dict[str, Any] | None = None) -> None:
        super().__init__("the item is not as the condition wants it")
        self.item = item


def code_of(error: Exception) -> str:
    """The error code that DynamoDB gave, "" for an error before there was an answer."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_contention(error: Exception) -> bool:
    """Whether the answer is that somebody else was there first: no outage, and not to be sent again as it is."""
    code = code_of(error)
    if code == CONDITION_FAILED:
        return True
    if code != CANCELLED or not isinstance(error, ClientError):
        return False
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return all(reason.get("Code", "None") in _PASSING for reason in reasons)


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed a moment later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in _THROTTLED | _BUSY or status >= _SERVER_ERROR
    return isinstance(error, _NO_ANSWER)


def is_outage(error: Exception) -> bool:
    """Whether DynamoDB, as it is reached from here, is of no use to anybody for now. A throttled key, a lost race or
    an item that is too big says nothing of the next call.
    """
    return code_of(error) not in _THROTTLED | _BUSY | {CONDITION_FAILED, CANCELLED, _REFUSED}


def is_busy(error: Exception) -> bool:
    """Whether too many want the same key or table at once."""
    return code_of(error) in _THROTTLED | _BUSY


def advice(error: Exception) -> str:
    """What is wrong and what to do, for the operator; the caller names the server."""
    code = code_of(error)
    if code in _THROTTLED:
        return "throttles; send the request again, and raise the limits of the tables or the account if it lasts"
    if code in _BUSY:
        return "is busy with other writes of the same person or key; send the request again"
    if code in _DENIED:
        return "refuses the credentials; give the role of this process the rights to the tables"
    if isinstance(error, NoCredentialsError):
        return "can't be asked without credentials; give this process a role, or set AWS_ACCESS_KEY_ID and its secret"
    if isinstance(error, _NO_ANSWER):
        return "did not answer in time; send the request again, and check the network if it lasts"
    if is_passing(error):
        return "failed; send the request again"
    return "refused the call; check AWS_REGION, DDB_ENDPOINT and the tables"
