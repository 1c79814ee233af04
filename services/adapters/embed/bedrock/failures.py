"""What Bedrock and botocore say when a call fails, in words that say what to do, and whether trying again may help.

Source: Amazon Bedrock API Reference, "InvokeModel", Errors.
"""

from services.recommender.errors import EncoderUnavailable

# Of the account's quota, or of the service at this moment.
THROTTLED = frozenset(
    {"ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException", "ModelNotReadyException"}
)
_DENIED = frozenset(
    {"AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"}
)
_WRONG = frozenset({"ValidationException", "ResourceNotFoundException"})


class BedrockFailure(EncoderUnavailable):
    """A call gave no vector. ``passing``: the same call may succeed later; ``throttled``: once there are fewer."""

    def __init__(self, message: str, *, passing: bool = True, throttled: bool = False) -> None:
        super().__init__(message)
        self.passing = passing
        self.throttled = throttled


def refused(model_id: str, code: str, message: str) -> BedrockFailure:
    """The failure for an answer of Bedrock that is an error. Its message is given for what an operator must mend only:
    others may repeat what was asked.
    """
    if code in THROTTLED:
        return BedrockFailure(f"{model_id}: throttled ({code})", throttled=True)
    if code in _DENIED:
        return BedrockFailure(
            f"{model_id}: access denied ({code}); the role needs bedrock:InvokeModel on foundation-model/{model_id}, "
            "and the model must be offered in AWS_REGION",
            passing=False,
        )
    if code in _WRONG:
        advice = "check that AWS_REGION offers the model and ENCODER_DIMS fits it"
        return BedrockFailure(f"{model_id}: refused ({code}: {message[:200]}); {advice}", passing=False)
    return BedrockFailure(f"{model_id}: failed ({code})")


def silent(model_id: str, error: Exception) -> BedrockFailure:
    """The failure for a call without an answer in time."""
    return BedrockFailure(f"{model_id}: did not answer in time ({type(error).__name__})")
