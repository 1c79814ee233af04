"""Objects of a bucket, by path under its prefix; every failure becomes BucketUnavailable."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from services.adapters.aws import LOCAL_KEY, LOCAL_REGION, is_local
from services.adapters.bounded import within
from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.s3.s3_failures import (
    CONDITION_FAILED,
    MISSING_KEY,
    BucketUnavailable,
    S3Error,
    code_of,
    unavailable,
)
from services.adapters.foreign import translated

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CONNECT_S = 2.0
READ_S = 10.0
# Limit for objects read into memory.
LARGEST_SMALL = 1 << 20
# Maximum number of keys of DeleteObjects (Amazon S3 API Reference).
_KEYS_A_CALL = 1_000
# Few threads, as a server keeps serving while it fetches.
_DOWNLOAD = TransferConfig(max_concurrency=4)


@dataclass(frozen=True, slots=True)
class Stored:
    """A small object, and its ETag for conditional writes."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Listed:
    """``size`` in bytes."""

    size: int
    modified: datetime


class Objects:
    """S3 operations of the adapter. Thread-safe. Every method raises BucketUnavailable."""

    def __init__(self, client: "S3Client", bucket: Bucket) -> None:
        self.bucket = bucket
        self._client = client

    def read(self, path: str) -> Stored | None:
        """Read a small object, None if missing."""
        with self._translating_errors(path), within(CONNECT_S + READ_S, LARGEST_SMALL):
            try:
                response = self._client.get_object(Bucket=self.bucket.name, Key=self.bucket.key(path))
            except self._client.exceptions.NoSuchKey:
                return None
            return Stored(response["Body"].read(), response["ETag"])

    def write(self, path: str, body: bytes) -> None:
        """Write a small object unconditionally."""
        with self._translating_errors(path):
            self._client.put_object(Bucket=self.bucket.name, Key=self.bucket.key(path), Body=body)

    def replace(self, path: str, body: bytes, etag: str | None) -> bool:
        """Write a small object if it still has this ETag (None: if it does not exist). Return False otherwise."""
        condition: Any = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        with self._translating_errors(path):
            try:
                self._client.put_object(Bucket=self.bucket.name, Key=self.bucket.key(path), Body=body, **condition)
            except ClientError as error:
                if code_of(error) in CONDITION_FAILED | MISSING_KEY:
                    return False
                raise
        return True

    def upload(self, path: str, file: Path, sha256: str) -> None:
        """Upload a file; S3 verifies and stores its SHA-256 (hex)."""
        digest = base64.b64encode(bytes.fromhex(sha256)).decode()
        with self._translating_errors(path), file.open("rb") as body:
            self._client.put_object(
                Bucket=self.bucket.name,
                Key=self.bucket.key(path),
                Body=body,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=digest,
            )

    def sha256(self, path: str) -> str | None:
        """Return the SHA-256 (hex) stored with an object; None if there is no object or no checksum."""
        with self._translating_errors(path):
            try:
                head = self._client.head_object(
                    Bucket=self.bucket.name, Key=self.bucket.key(path), ChecksumMode="ENABLED"
                )
            except ClientError as error:
                if code_of(error) in MISSING_KEY:
                    return None
                raise
        return base64.b64decode(head.get("ChecksumSHA256", "")).hex() or None

    def download(self, path: str, file: Path) -> None:
        """Download an object to a file; interrupted parts are retried."""
        with self._translating_errors(path):
            self._client.download_file(self.bucket.name, self.bucket.key(path), str(file), Config=_DOWNLOAD)

    def list(self, folder: str) -> dict[str, Listed]:
        """Return every object under a folder (ending in a slash), by path."""
        with self._translating_errors(folder):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket.name, Prefix=self.bucket.key(folder)
            )
            entries = [each for page in pages for each in page.get("Contents", [])]
        cut = len(self.bucket.prefix)
        return {each["Key"][cut:]: Listed(each["Size"], each["LastModified"]) for each in entries}

    def delete(self, paths: Sequence[str]) -> None:
        """Delete objects; missing ones are ignored."""
        for start in range(0, len(paths), _KEYS_A_CALL):
            chunk = paths[start : start + _KEYS_A_CALL]
            keys: Any = {"Objects": [{"Key": self.bucket.key(path)} for path in chunk], "Quiet": True}
            with self._translating_errors(chunk[0]):
                response = self._client.delete_objects(Bucket=self.bucket.name, Delete=keys)
            for failure in response.get("Errors", []):
                uri = f"s3://{self.bucket.name}/{failure.get('Key')}"
                raise BucketUnavailable(f"{uri}: not removed ({failure.get('Code')}); run it again")

    @contextmanager
    def _translating_errors(self, path: str) -> Iterator[None]:
        uri = self.bucket.uri(path)
        # Errors of the local disk are not the bucket's.
        with translated(lambda detail: BucketUnavailable(f"{uri}: {detail}"), "the response", OSError):
            try:
                yield
            except S3Error as error:
                raise unavailable(uri, error) from error


def open_objects(bucket: Bucket) -> Objects:
    """Return the objects of a bucket, without contacting it. Raises BucketUnavailable, e.g. for a broken AWS
    profile.
    """
    try:
        return Objects(_client(bucket), bucket)
    except S3Error as error:
        raise unavailable(bucket.uri(), error) from error


def _client(bucket: Bucket) -> "S3Client":
    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"mode": "standard", "total_max_attempts": 3},
        # Other servers rarely have a host name per bucket.
        s3={"addressing_style": "path" if bucket.endpoint else "auto"},
    )
    # boto3's own session, as its client has file transfers.
    local = is_local(bucket.endpoint)
    session = boto3.Session(LOCAL_KEY, LOCAL_KEY) if local else boto3.Session()
    region = bucket.region or (LOCAL_REGION if local else None)
    client: Any = session.client("s3", region_name=region, endpoint_url=bucket.endpoint, config=config)
    return client  # type: ignore[no-any-return]
