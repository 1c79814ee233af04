"""Messages for Bedrock and botocore errors that say what to do, and whether retrying may help.

Source: Amazon Bedrock API Reference, "InvokeModel", Errors.
"""

from services.recommender.errors import EncoderUnavailable

# By the account's quota or the service's load.
THROTTLED = frozenset(
    {"ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException", "ModelNotReadyException"}
)
_DENIED = frozenset(
    {"AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"}
)
_WRONG = frozenset({"ValidationException", "ResourceNotFoundException"})


class BedrockFailure(EncoderUnavailable):
    """A call returned no vector. ``transient``: a retry may succeed; ``throttled``: with fewer calls."""

    def __init__(self, message: str, *, transient: bool = True, throttled: bool = False) -> None:
        super().__init__(message)
        self.transient = transient
        self.throttled = throttled


def refused(model_id: str, code: str, message: str) -> BedrockFailure:
    """Return the failure for a Bedrock error. Its message is included only for operator errors: others may repeat the
    request's text.
    """
    if code in THROTTLED:
        return BedrockFailure(f"{model_id}: throttled ({code})", throttled=True)
    if code in _DENIED:
        return BedrockFailure(
            f"{model_id}: access denied ({code}); the role needs bedrock:InvokeModel on foundation-model/{model_id}, "
            "and the model must be offered in AWS_REGION",
            transient=False,
        )
    if code in _WRONG:
        advice = "check that AWS_REGION offers the model and ENCODER_DIMS fits it"
        return BedrockFailure(f"{model_id}: refused ({code}: {message[:200]}); {advice}", transient=False)
    return BedrockFailure(f"{model_id}: failed ({code})")


def silent(model_id: str, error: Exception) -> BedrockFailure:
    """Return the failure for a call without a timely response."""
    return BedrockFailure(f"{model_id}: did not respond in time ({type(error).__name__})")
