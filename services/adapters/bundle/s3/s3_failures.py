"""Messages for S3 and botocore errors that say what to do.

Error codes: Amazon S3 API Reference, "Error responses".
"""

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as NoConnection

from services.recommender.errors import BundleError, Unavailable

S3Error = (BotoCoreError, ClientError, Boto3Error)
# 409 is returned while another conditional write of the key is in progress (S3 User Guide, "Conditional writes").
CONDITION_FAILED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
# A HEAD response has no body with an error code, only a status.
MISSING_KEY = frozenset({"NoSuchKey", "404"})
_DENIED = frozenset(
    {
        "AccessDenied", "AllAccessDisabled", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken",
        "SignatureDoesNotMatch", "403",
    }
)  # fmt: skip
_DAMAGED_IN_TRANSIT = frozenset({"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch"})
_RIGHTS = (
    "the role needs s3:ListBucket on the bucket and s3:GetObject on bundles/* and current.json; to release, also "
    "s3:PutObject there and on features/*, and s3:DeleteObject on bundles/* to prune"
)


class BucketUnavailable(Unavailable):
    """The bucket does not exist, does not respond or denies access."""


class PointerMoved(BundleError):
    """The bucket's pointer was moved concurrently; the other value stands."""


def code_of(error: Exception) -> str:
    """Return S3's error code, "" for an error without a response."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def unavailable(uri: str, error: Exception) -> BucketUnavailable:
    """Return the error to raise for a failed call about ``uri``."""
    return BucketUnavailable(f"{uri}: {_advice(error)}")


def _advice(error: Exception) -> str:
    code = code_of(error)
    if code == "NoSuchBucket":
        return "no such bucket; check BUNDLE_BUCKET, AWS_REGION and S3_ENDPOINT"
    if code in MISSING_KEY:
        return "does not exist; see `marquee bundle list --bucket`"
    if code in _DENIED:
        return f"access denied ({code}); {_RIGHTS}"
    if code in _DAMAGED_IN_TRANSIT:
        return f"the data was damaged in transit ({code}); nothing was stored, run it again"
    if isinstance(error, NoCredentialsError):
        return "no credentials; give this process a role, or set AWS_ACCESS_KEY_ID and its secret"
    if isinstance(error, HTTPClientError | NoConnection):
        return f"S3 did not respond ({type(error).__name__}); check the network and S3_ENDPOINT, then run it again"
    return f"S3 failed ({code or type(error).__name__}: {error}); run it again"
