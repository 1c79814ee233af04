"""Short reasons for SageMaker and botocore errors, reported in ``degraded`` of a response.

Error codes: Amazon SageMaker AI API reference, "InvokeEndpoint", errors.
"""

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
)

from services.adapters.foreign import is_caused_by

_BY_CODE = {
    "ThrottlingException": "throttled",
    "ModelNotReadyException": "the endpoint is being made ready",
    "ServiceUnavailable": "unavailable",
    "InternalFailure": "unavailable",
    "InternalDependencyException": "unavailable",
    "ModelError": "the model failed",
    "AccessDeniedException": "refused: the role may not call the endpoint",
    "ValidationError": "refused: there is no such endpoint in this region, or it does not take this call",
}


def reason_of(error: Exception) -> str:
    """Return why there are no films."""
    if isinstance(error, ClientError):
        return _BY_CODE.get(str(error.response.get("Error", {}).get("Code", "")), "unavailable")
    if isinstance(error, ReadTimeoutError | ConnectTimeoutError) or is_caused_by(error, TimeoutError):
        return "late"
    if isinstance(error, EndpointConnectionError):
        return "down"
    if isinstance(error, NoCredentialsError | NoRegionError):
        return "refused: this process has no credentials or no region"
    return "unavailable"
