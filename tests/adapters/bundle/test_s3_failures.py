"""Errors of a bucket that is missing, denied, silent or broken; and the syntax of BUNDLE_BUCKET."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ReadTimeoutError

from services.adapters.bundle.s3 import objects as adapter
from services.adapters.bundle.s3.bucket import PLACE, Bucket
from services.adapters.bundle.s3.bundles import open_bucket
from services.adapters.bundle.s3.objects import open_objects
from services.adapters.bundle.s3.s3_failures import BucketUnavailable, unavailable
from services.recommender.errors import Unavailable
from tests.patience import HASTE_S
from tests.s3_server import keys_of, s3_client
from tests.servers.proxy import Proxy


@pytest.fixture
def proxy(url) -> Iterator[Proxy]:
    with Proxy(url) as started:
        yield started


def calls(objects, tmp_path: Path):
    """Every operation on objects, by name."""
    file = tmp_path / "file"
    file.write_bytes(b"film")
    return {
        "read": lambda: objects.read("current.json"),
        "write": lambda: objects.write("current.json", b"{}"),
        "replace": lambda: objects.replace("current.json", b"{}", None),
        "upload": lambda: objects.upload("features/a.parquet", file, "00" * 32),
        "sha256": lambda: objects.sha256("features/a.parquet"),
        "download": lambda: objects.download("features/a.parquet", tmp_path / "out"),
        "list": lambda: objects.list("bundles/"),
        "delete": lambda: objects.delete(["bundles/a"]),
    }


OPERATIONS = ["read", "write", "replace", "upload", "sha256", "download", "list", "delete"]


class TestMessages:
    @pytest.mark.parametrize(
        "operation", [operation for operation in OPERATIONS if operation not in ("sha256", "download")]
    )
    def test_a_missing_bucket_is_named(self, bucket, tmp_path, operation):
        objects = open_objects(Bucket("no-such-bucket", endpoint=bucket.endpoint))
        with pytest.raises(BucketUnavailable, match=r"^s3://no-such-bucket/.*no such bucket; check BUNDLE_BUCKET"):
            calls(objects, tmp_path)[operation]()

    def test_a_missing_object_is_named(self, bucket, tmp_path):
        with pytest.raises(BucketUnavailable, match=r"features/a\.parquet: does not exist"):
            calls(open_objects(bucket), tmp_path)["download"]()

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_a_denied_access_names_the_required_rights(self, bucket, proxy, tmp_path, operation):
        proxy.answer(403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
        objects = open_objects(replace(bucket, endpoint=proxy.url))
        # The answer to a HEAD has no body to carry a code.
        code = "403" if operation in ("sha256", "download") else "AccessDenied"
        with pytest.raises(BucketUnavailable, match=rf"access denied \({code}\); the role needs s3:ListBucket"):
            calls(objects, tmp_path)[operation]()

    @pytest.mark.parametrize("mode", ["refuse", "drop", "black_hole"])
    def test_a_missing_answer_names_network_and_endpoint(self, bucket, proxy, mode, monkeypatch):
        monkeypatch.setattr(adapter, "READ_S", HASTE_S)
        getattr(proxy, mode)()
        with pytest.raises(BucketUnavailable, match=r"did not respond \(\w+\); check the network and S3_ENDPOINT"):
            open_bucket(replace(bucket, endpoint=proxy.url)).list()

    def test_a_transient_failure_is_retried(self, bucket, proxy):
        proxy.answer(503, b"", times=2)
        assert open_bucket(replace(bucket, endpoint=proxy.url)).list() == []
        assert proxy.requests == 3

    def test_other_failures_show_their_code(self, bucket, proxy):
        proxy.answer(500, b"<Error><Code>InternalError</Code><Message>We are sorry</Message></Error>")
        with pytest.raises(BucketUnavailable, match=r"S3 failed \(InternalError: .*sorry\); run it again"):
            open_bucket(replace(bucket, endpoint=proxy.url)).list()

    def test_other_messages(self):
        message = str(unavailable("s3://b/k", NoCredentialsError()))
        assert message.startswith("s3://b/k: no credentials")
        assert "did not respond" in str(unavailable("s3://b/k", ReadTimeoutError(endpoint_url="x")))
        expired = ClientError({"Error": {"Code": "ExpiredToken", "Message": ""}}, "PutObject")
        assert "access denied (ExpiredToken)" in str(unavailable("s3://b/k", expired))
        damaged = ClientError({"Error": {"Code": "BadDigest", "Message": ""}}, "PutObject")
        assert "damaged in transit (BadDigest); nothing was stored" in str(unavailable("s3://b/k", damaged))
        assert isinstance(unavailable("s3://b/k", damaged), Unavailable)

    def test_an_object_that_was_not_removed_is_named(self, bucket):
        objects = open_objects(bucket)
        objects.write("bundles/a", b"")
        refused = {"Errors": [{"Key": "films/bundles/a", "Code": "AccessDenied"}]}
        objects._client.meta.events.register("after-call.s3.DeleteObjects", lambda parsed, **_: parsed.update(refused))
        with pytest.raises(BucketUnavailable, match=r"s3://.*/films/bundles/a: not removed \(AccessDenied\)"):
            objects.delete(["bundles/a"])

    def test_a_broken_aws_profile_is_a_bucket_error(self, monkeypatch):
        monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
        with pytest.raises(BucketUnavailable, match=r"^s3://films/: S3 failed \(ProfileNotFound"):
            open_bucket(Bucket("films"))


class TestObjects:
    def test_the_checksum_is_sent_for_s3_to_verify(self, bucket, tmp_path):
        objects, sent = open_objects(bucket), []
        objects._client.meta.events.register(
            "before-send.s3.PutObject", lambda request, **_: sent.append(dict(request.headers))
        )
        (tmp_path / "file").write_bytes(b"film")
        objects.upload("a", tmp_path / "file", "ab" * 32)
        assert sent[0]["x-amz-checksum-sha256"] == b"q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="
        assert objects.sha256("a") == "ab" * 32

    def test_an_object_without_a_checksum_or_missing(self, bucket):
        objects = open_objects(bucket)
        s3_client(bucket.endpoint).put_object(Bucket=bucket.name, Key=bucket.key("a"), Body=b"film")
        assert objects.sha256("a") is None
        assert objects.sha256("b") is None
        assert objects.read("b") is None

    def test_listing_and_deleting_more_objects_than_fit_a_call(self, bucket, monkeypatch):
        monkeypatch.setattr(adapter, "_KEYS_A_CALL", 7)
        objects = open_objects(bucket)
        paths = [f"bundles/{number:02}" for number in range(20)]
        for path in paths:
            objects.write(path, b"")
        assert list(objects.list("bundles/")) == paths
        objects.delete([*paths, "bundles/gone before"])
        assert keys_of(bucket) == []

    def test_a_local_server_gets_no_aws_credentials(self, bucket, monkeypatch, new_session):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
        local = open_objects(bucket)._client._request_signer._credentials
        aws = open_objects(Bucket("films", region="eu-west-1"))._client
        assert (local.access_key, aws._request_signer._credentials.access_key) == ("local", "AKIAREAL")
        assert aws.meta.region_name == "eu-west-1"
        assert aws.meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"


class TestPlace:
    @pytest.mark.parametrize(
        ("place", "name", "prefix"),
        [
            ("my-bucket", "my-bucket", ""),
            ("my-bucket/", "my-bucket", ""),
            ("my.bucket/films", "my.bucket", "films/"),
            ("my-bucket/a/b_1/", "my-bucket", "a/b_1/"),
        ],
    )
    def test_bucket_and_prefix(self, place, name, prefix):
        assert re.fullmatch(PLACE, place)
        bucket = Bucket.parse(place, "eu-west-1", "http://127.0.0.1:1")
        assert bucket == Bucket(name, prefix, "eu-west-1", "http://127.0.0.1:1")
        assert bucket.uri("current.json") == f"s3://{name}/{prefix}current.json"

    @pytest.mark.parametrize(
        "place", ["s3://b", "ab", "My-Bucket", "-bucket", "bucket//x", "bucket/../x", "bucket/ä", ""]
    )
    def test_an_invalid_place_is_refused(self, place):
        assert not re.fullmatch(PLACE, place)
