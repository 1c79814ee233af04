"""The pointer of a bucket: moved by a conditional write, so that one of two concurrent releases wins."""

import json
from collections.abc import Callable

import pytest

from services.adapters.bundle.local import Pointer
from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.s3.bundles import S3Bundles
from services.adapters.bundle.s3.objects import Objects, open_objects
from services.adapters.bundle.s3.pointer import BucketPointer
from services.adapters.bundle.s3.s3_failures import BucketUnavailable, PointerMoved
from services.recommender.errors import BundleDamaged, BundleMissing
from tests.s3_server import spoil, stored

ONE, TWO, THREE = "1" * 16, "2" * 16, "3" * 16


@pytest.fixture
def pointer(bucket) -> BucketPointer:
    return BucketPointer(open_objects(bucket))


class Overtaken(Objects):
    """Objects whose ``replace`` first calls ``between``, as if another client were faster, and may lose its answer."""

    between: Callable[[], object] | None = None
    answer_lost = False

    def replace(self, path, body, etag):
        if self.between is not None:
            self.between()
        done = super().replace(path, body, etag)
        # botocore then sends the same request again.
        return super().replace(path, body, etag) if self.answer_lost else done


def overtaken(bucket: Bucket) -> Overtaken:
    return Overtaken(open_objects(bucket)._client, bucket)


def test_an_empty_bucket_has_no_release(pointer, bucket) -> None:
    with pytest.raises(BundleMissing, match=rf"s3://{bucket.name}/films/current\.json: nothing is released there"):
        pointer.read()


def test_a_move_records_the_previous_version(pointer, bucket) -> None:
    assert pointer.move(ONE) == Pointer(ONE, None)
    assert pointer.move(TWO) == Pointer(TWO, ONE)
    assert pointer.read() == Pointer(TWO, ONE)
    assert json.loads(stored(bucket, "current.json")) == {"version": TWO, "previous": ONE}


def test_a_move_to_the_same_version_keeps_the_previous_one(pointer) -> None:
    pointer.move(ONE)
    pointer.move(TWO)
    assert pointer.move(TWO) == Pointer(TWO, ONE)
    assert pointer.read() == Pointer(TWO, ONE)


@pytest.mark.parametrize("before", [None, ONE])
def test_of_two_concurrent_moves_one_wins_and_the_other_fails(pointer, bucket, before) -> None:
    if before is not None:
        pointer.move(before)
    objects = overtaken(bucket)
    objects.between = lambda: pointer.move(TWO)
    with pytest.raises(PointerMoved, match=rf"meanwhile, to {TWO}.*`marquee release {THREE}` again"):
        BucketPointer(objects).move(THREE)
    assert pointer.read() == Pointer(TWO, before)


def test_concurrent_moves_to_the_same_version_both_succeed(pointer, bucket) -> None:
    pointer.move(ONE)
    objects = overtaken(bucket)
    objects.between = lambda: pointer.move(TWO)
    assert BucketPointer(objects).move(TWO) == Pointer(TWO, ONE)


def test_a_retried_write_whose_answer_was_lost_succeeds(pointer, bucket) -> None:
    pointer.move(ONE)
    objects = overtaken(bucket)
    objects.answer_lost = True
    assert BucketPointer(objects).move(TWO) == Pointer(TWO, ONE)


def test_a_pointer_removed_meanwhile_is_a_lost_race(pointer, bucket) -> None:
    pointer.move(ONE)
    objects = overtaken(bucket)
    objects.between = lambda: spoil(bucket, "current.json", None)
    with pytest.raises(PointerMoved, match="to nothing"):
        BucketPointer(objects).move(TWO)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"5", b'"x"', b"\xff", b"[" * 100_000])
def test_an_invalid_pointer_is_refused_and_can_be_replaced(pointer, bucket, content) -> None:
    spoil(bucket, "current.json", content)
    with pytest.raises(BundleDamaged, match=r"films/current\.json: not .*marquee release"):
        pointer.read()
    assert pointer.move(ONE) == Pointer(ONE, None)


def test_a_rollback_needs_a_previous_release(pointer, bucket) -> None:
    bundles = S3Bundles(open_objects(bucket))
    pointer.move(ONE)
    with pytest.raises(BundleMissing, match="no release to roll back to"):
        bundles.previous()
    pointer.move(TWO)
    assert bundles.previous() == ONE


def test_a_missing_bucket_is_not_reported_as_a_lost_race(bucket) -> None:
    missing = Bucket("no-such-bucket", endpoint=bucket.endpoint)
    with pytest.raises(BucketUnavailable, match="no such bucket"):
        open_objects(missing).replace("current.json", b"{}", None)
