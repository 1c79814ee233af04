"""What S3 and botocore say when a call fails, in words that say what to do.

Error codes: Amazon S3 API Reference, "Error responses".
"""

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as NoConnection

from services.recommender.errors import BundleError, Unavailable

S3Error = (BotoCoreError, ClientError, Boto3Error)
# 409 is the answer while another conditional write of the same key is under way (S3 User Guide, "Conditional writes").
CONDITION_FAILED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
# A HEAD has no body to carry a code, only its status.
MISSING_KEY = frozenset({"NoSuchKey", "404"})
_DENIED = frozenset(
    {
        "AccessDenied", "AllAccessDisabled", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken",
        "SignatureDoesNotMatch", "403",
    }
)  # fmt: skip
_DAMAGED_ON_THE_WAY = frozenset({"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch"})
_RIGHTS = (
    "the role needs s3:ListBucket on the bucket and s3:GetObject on bundles/* and current.json; to release, also "
    "s3:PutObject there and on features/*, and s3:DeleteObject on bundles/* to prune"
)


class BucketUnavailable(Unavailable):
    """The bucket does not exist, does not answer or does not let us."""


class PointerMoved(BundleError):
    """Somebody else moved the bucket's pointer at the same time; theirs stands."""


def code_of(error: Exception) -> str:
    """The error code that S3 gave, "" for an error before there was an answer."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def unavailable(uri: str, error: Exception) -> BucketUnavailable:
    """The error to raise for a call about ``uri`` that failed."""
    return BucketUnavailable(f"{uri}: {_advice(error)}")


def _advice(error: Exception) -> str:
    code = code_of(error)
    if code == "NoSuchBucket":
        return "there is no such bucket; check BUNDLE_BUCKET, AWS_REGION and S3_ENDPOINT"
    if code in MISSING_KEY:
        return "is not there, or not any more; `marquee bundle list --bucket` shows what is"
    if code in _DENIED:
        return f"access denied ({code}); {_RIGHTS}"
    if code in _DAMAGED_ON_THE_WAY:
        return f"S3 received other bytes than were sent ({code}); nothing was stored, run it again"
    if isinstance(error, NoCredentialsError):
        return "can't be asked without credentials; give this process a role, or set AWS_ACCESS_KEY_ID and its secret"
    if isinstance(error, HTTPClientError | NoConnection):
        return f"S3 did not answer ({type(error).__name__}); check the network and S3_ENDPOINT, then run it again"
    return f"S3 failed ({code or type(error).__name__}: {error}); run it again"
