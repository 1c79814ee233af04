"""The follower of a bucket: new releases, outages and damaged bundles."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.adapters.bundle.local import LocalBundles, LocalReleases, Pointer
from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.s3.bundles import S3Bundles, open_bucket
from services.adapters.bundle.s3.follower import REFUSED_S, BucketFollower
from services.adapters.bundle.s3.pointer import CURRENT, BucketPointer
from services.adapters.bundle.s3.s3_failures import BucketUnavailable
from services.adapters.bundle.writer import write_bundle
from services.recommender.errors import BundleDamaged, BundleError, BundleMissing
from tests.builders import ManualClock, NumpySearch, make_bundle
from tests.damage import flip_bit
from tests.patience import wait_for
from tests.s3_server import new_bucket, s3_server, spoil
from tests.servers.proxy import Proxy


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with s3_server() as url, Proxy(url) as started:
        yield started


@pytest.fixture(scope="module")
def full_bucket(proxy, built) -> Bucket:
    """A bucket with both bundles published. Tests only move its pointer."""
    bucket = new_bucket(proxy.upstream)
    for path in built:
        open_bucket(bucket).publish(path)
    return bucket


@pytest.fixture
def bucket(full_bucket) -> Bucket:
    """The same bucket without a pointer: nothing is released yet."""
    spoil(full_bucket, CURRENT, None)
    return full_bucket


@pytest.fixture
def remote(bucket) -> S3Bundles:
    """The bucket as the releasing side accesses it: directly."""
    return open_bucket(bucket)


@pytest.fixture
def followed(bucket, proxy) -> S3Bundles:
    """The bucket as the server accesses it: through a proxy, which forwards by default."""
    proxy.forward()
    return open_bucket(replace(bucket, endpoint=proxy.url))


@pytest.fixture
def local(tmp_path) -> LocalBundles:
    return LocalBundles(tmp_path / "home")


@pytest.fixture(scope="module")
def built(index_dir, tmp_path_factory) -> list[Path]:
    """Two bundles. Read-only."""
    root = tmp_path_factory.mktemp("made")
    return [
        write_bundle(replace(make_bundle(), model_version=f"ease-{number}"), index_dir, root) for number in range(2)
    ]


def release(remote: S3Bundles, path: Path) -> str:
    return BucketPointer(remote._objects).move(path.name).version


class TestLook:
    def test_a_released_bundle_is_fetched_and_served(self, remote, followed, local, built):
        old = release(remote, built[0])
        follower = BucketFollower(followed, local)
        follower.look()
        assert local.pointer() == Pointer(old, None)
        releases = LocalReleases(local.home, lambda bundle, path: NumpySearch(bundle))
        assert releases.current().bundle.version == old
        new = release(remote, built[1])
        follower.look()
        releases.refresh()
        assert releases.current().bundle.version == new
        assert local.pointer() == Pointer(new, old)

    def test_a_rollback_needs_no_download(self, remote, followed, local, built, proxy):
        old = release(remote, built[0])
        follower = BucketFollower(followed, local)
        follower.look()
        release(remote, built[1])
        follower.look()
        remote.activate(remote.previous())
        before = proxy.requests
        follower.look()
        assert local.pointer().version == old
        assert proxy.requests == before + 1

    def test_the_bucket_overrides_a_local_activation(self, remote, followed, local, built):
        release(remote, built[0])
        follower = BucketFollower(followed, local)
        follower.look()
        remote.fetch(built[1].name, local.root)
        local.activate(built[1].name)
        follower.look()
        assert local.pointer().version == built[0].name

    def test_a_bundle_removed_locally_is_fetched_again(self, remote, followed, local, built):
        release(remote, built[0])
        follower = BucketFollower(followed, local)
        follower.look()
        (local.root / built[0].name).rename(local.root / "elsewhere")
        follower.look()
        assert local.current_path().name == built[0].name

    def test_a_locally_damaged_bundle_is_fetched_again_at_the_start(self, remote, followed, local, built, proxy):
        version = release(remote, built[0])
        BucketFollower(followed, local).look()
        damaged = local.root / version / "popularity.npy"
        flip_bit(damaged, damaged.stat().st_size * 8 - 1)
        follower = BucketFollower(followed, local)
        follower.start()
        follower.stop()
        assert local.verify(version).version == version
        before = proxy.requests
        follower.look()
        assert proxy.requests == before + 1, "a verified bundle is not fetched again"

    def test_an_outage_at_the_start_with_a_damaged_local_bundle_is_fatal(self, remote, followed, local, built, proxy):
        version = release(remote, built[0])
        BucketFollower(followed, local).look()
        damaged = local.root / version / "popularity.npy"
        flip_bit(damaged, damaged.stat().st_size * 8 - 1)
        proxy.refuse()
        with pytest.raises(BucketUnavailable, match="did not respond"):
            BucketFollower(followed, local).start()

    def test_a_release_with_one_flipped_bit_is_refused(self, remote, followed, local, bucket, built, request):
        old = release(remote, built[0])
        follower = BucketFollower(followed, local)
        follower.look()
        new = release(remote, built[1])
        content = bytearray((built[1] / "popularity.npy").read_bytes())
        content[-1] ^= 1
        spoil(bucket, f"bundles/{new}/popularity.npy", bytes(content))
        request.addfinalizer(lambda: remote.publish(built[1]))
        with pytest.raises(BundleDamaged, match=r"popularity\.npy: SHA-256"):
            follower.look()
        assert local.pointer().version == old

    def test_an_outage_is_logged_once(self, remote, followed, local, built, proxy, caplog):
        release(remote, built[0])
        follower = BucketFollower(followed, local)
        follower.look()
        proxy.refuse()
        with caplog.at_level(logging.WARNING, "services"):
            for _ in range(3):
                with pytest.raises(BucketUnavailable):
                    follower.look()
            assert [record.levelname for record in caplog.records] == ["ERROR"]
            assert "did not respond" in (follower.last_error or "")
            assert local.pointer().version == built[0].name
            proxy.forward()
            follower.look()
        assert follower.last_error is None
        assert caplog.records[-1].getMessage() == "following the bucket again"

    def test_a_damaged_bundle_is_not_fetched_at_every_check(
        self, remote, followed, local, bucket, built, proxy, request
    ):
        old, clock = release(remote, built[0]), ManualClock()
        follower = BucketFollower(followed, local, monotonic=clock.monotonic)
        follower.look()
        new = release(remote, built[1])
        spoil(bucket, f"bundles/{new}/popularity.npy", b"short")
        request.addfinalizer(lambda: remote.publish(built[1]))
        with pytest.raises(BundleDamaged, match=r"popularity\.npy"):
            follower.look()
        before = proxy.requests
        with pytest.raises(BundleError, match=r"popularity\.npy"):
            follower.look()
        assert proxy.requests == before + 1
        assert local.pointer().version == old
        assert "popularity.npy" in (follower.last_error or "")
        assert remote.publish(built[1]) > 0
        clock.advance(REFUSED_S + 1)
        follower.look()
        assert (local.pointer().version, follower.last_error) == (new, None)

    def test_a_release_after_a_damaged_one_is_followed(self, remote, followed, local, bucket, built, request):
        new = release(remote, built[1])
        spoil(bucket, f"bundles/{new}/popularity.npy", b"short")
        request.addfinalizer(lambda: remote.publish(built[1]))
        follower = BucketFollower(followed, local)
        with pytest.raises(BundleDamaged):
            follower.look()
        release(remote, built[0])
        follower.look()
        assert local.pointer().version == built[0].name

    def test_a_failed_download_is_retried_at_the_next_check(self, remote, followed, local, built):
        class Cut(S3Bundles):
            cuts = 1

            def fetch(self, *arguments):
                if self.cuts:
                    self.cuts -= 1
                    raise BucketUnavailable("the line was cut")
                return super().fetch(*arguments)

        release(remote, built[0])
        follower = BucketFollower(Cut(followed._objects), local)
        with pytest.raises(BucketUnavailable, match="cut"):
            follower.look()
        follower.look()
        assert local.pointer().version == built[0].name

    def test_a_disk_error_is_recorded(self, remote, followed, local, built):
        release(remote, built[0])
        local.home.mkdir()
        local.root.write_text("not a folder")
        follower = BucketFollower(followed, local)
        with pytest.raises(OSError, match="bundles"):
            follower.look()
        assert follower.last_error is not None


class TestServing:
    def test_a_new_release_is_activated_in_the_background(self, remote, followed, local, built):
        release(remote, built[0])
        follower = BucketFollower(followed, local, every_s=0.05)
        follower.start()
        try:
            assert local.pointer().version == built[0].name
            release(remote, built[1])
            wait_for(lambda: local.pointer().version == built[1].name, "the new bundle")
        finally:
            follower.stop()
        assert "marquee-bucket" not in [thread.name for thread in threading.enumerate()]

    def test_it_continues_after_an_outage(self, remote, followed, local, built, proxy):
        release(remote, built[0])
        follower = BucketFollower(followed, local, every_s=0.05)
        follower.start()
        try:
            proxy.drop()
            wait_for(lambda: follower.last_error is not None, "the outage")
            assert local.pointer().version == built[0].name
            proxy.forward()
            release(remote, built[1])
            wait_for(lambda: local.pointer().version == built[1].name, "the new bundle")
            # The pointer moves shortly before the check ends.
            wait_for(lambda: follower.last_error is None, "the end of the outage")
        finally:
            follower.stop()

    def test_it_continues_after_an_unexpected_exception(self, remote, followed, local, built, caplog):
        class Faulty(S3Bundles):
            calls = 0

            def pointer(self):
                self.calls += 1
                if self.calls == 2:
                    raise ZeroDivisionError
                return super().pointer()

        release(remote, built[0])
        faulty = Faulty(followed._objects)
        follower = BucketFollower(faulty, local, every_s=0.02)
        follower.start()
        try:
            wait_for(lambda: faulty.calls > 3, "another check")
        finally:
            follower.stop()
        assert "checking the bucket failed" in caplog.text

    def test_it_starts_with_the_local_bundle_during_an_outage(self, remote, followed, local, built, proxy):
        release(remote, built[0])
        BucketFollower(followed, local).look()
        proxy.refuse()
        follower = BucketFollower(followed, local)
        follower.start()
        follower.stop()
        assert "did not respond" in (follower.last_error or "")

    def test_an_outage_at_the_start_without_a_local_bundle_is_fatal(self, followed, local, proxy):
        proxy.refuse()
        with pytest.raises(BucketUnavailable, match="did not respond"):
            BucketFollower(followed, local).start()

    def test_without_any_bundle_the_error_names_the_remedy(self, followed, local):
        with pytest.raises(BundleMissing, match="run `marquee release`"):
            BucketFollower(followed, local).start()

    def test_it_may_be_stopped_before_it_is_started(self, followed, local):
        BucketFollower(followed, local).stop()
