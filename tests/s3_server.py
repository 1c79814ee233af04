"""An S3 in this process, on a loopback port of its own (moto), and buckets in it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from services.adapters.bundle.s3.bucket import Bucket

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@contextmanager
def s3_server() -> Iterator[str]:
    """Run a server and yield its URL. It checks If-Match and If-None-Match, but no checksums."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield f"http://{host}:{port}"
        finally:
            server.stop()
            if server._server is not None:
                server._server.server_close()


def new_bucket(url: str, prefix: str = "films") -> Bucket:
    """Create a bucket that no other test uses."""
    bucket = Bucket.parse(f"test-{uuid4().hex[:12]}/{prefix}", endpoint=url)
    s3_client(url).create_bucket(Bucket=bucket.name)
    return bucket


def s3_client(url: str | None) -> "S3Client":
    """A client of the test itself, to inspect and damage stored objects."""
    client: S3Client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return client


def keys_of(bucket: Bucket) -> list[str]:
    """Every key in a bucket, without the prefix."""
    objects = s3_client(bucket.endpoint).list_objects_v2(Bucket=bucket.name).get("Contents", [])
    return sorted(item["Key"].removeprefix(bucket.prefix) for item in objects)


def stored(bucket: Bucket, key: str) -> bytes:
    """The bytes of an object."""
    answer = s3_client(bucket.endpoint).get_object(Bucket=bucket.name, Key=bucket.key(key))
    return answer["Body"].read()


def spoil(bucket: Bucket, key: str, body: bytes | None) -> None:
    """Overwrite an object behind the adapter's back; None removes it."""
    client = s3_client(bucket.endpoint)
    if body is None:
        client.delete_object(Bucket=bucket.name, Key=bucket.key(key))
    else:
        client.put_object(Bucket=bucket.name, Key=bucket.key(key), Body=body)
