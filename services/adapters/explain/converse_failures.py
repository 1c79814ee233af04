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

from services.adapters.foreign import is_caused_by

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
    if isinstance(error, ReadTimeoutError | ConnectTimeoutError) or is_caused_by(error, TimeoutError):
        return "late"
    if isinstance(error, EndpointConnectionError):
        return "down"
    if isinstance(error, NoCredentialsError):
        return "refused: this process has no credentials"
    return "unavailable"
