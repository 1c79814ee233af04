"""Short reasons for Bedrock and botocore errors, reported in responses.

Error codes: Amazon Bedrock API reference, "Converse", errors.
"""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

# Beginnings of the reasons for calls that did not reach a model.
REFUSED = ("throttled", "refused", "down")
BOTO_ERRORS = (BotoCoreError, ClientError)
_BY_CODE = {
    "ThrottlingException": "throttled",
    "ServiceQuotaExceededException": "throttled",
    "ModelTimeoutException": "late",
    "ModelNotReadyException": "unavailable",
    "ServiceUnavailableException": "unavailable",
    "InternalServerException": "unavailable",
    "ModelErrorException": "the model failed",
    "AccessDeniedException": "refused: the role is not allowed to call the model",
    "ResourceNotFoundException": "refused: no such model or profile in this region",
    "ValidationException": "refused: the model does not support this call; check BEDROCK_MODEL and EXPLAIN_OUTPUT",
}


def reason_of(error: Exception) -> str:
    """Return why there are no sentences."""
    if isinstance(error, ClientError):
        return _BY_CODE.get(str(error.response.get("Error", {}).get("Code", "")), "unavailable")
    if isinstance(error, ReadTimeoutError | ConnectTimeoutError) or _is_caused_by(error, TimeoutError):
        return "late"
    if isinstance(error, EndpointConnectionError):
        return "down"
    if isinstance(error, NoCredentialsError):
        return "refused: this process has no credentials"
    return "unavailable"


def _is_caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Return whether an error was caused by another, however indirectly."""
    for _ in range(_FAR):
        if error is None or isinstance(error, kind):
            break
        error = error.__cause__ or error.__context__
    return isinstance(error, kind)


_FAR = 10
