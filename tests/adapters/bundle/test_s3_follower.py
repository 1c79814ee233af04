"""A server follows its bucket, whatever happens to the bucket."""

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
    with s3_server() as url, Proxy(url) as made:
        yield made


@pytest.fixture(scope="module")
def full_bucket(proxy, made) -> Bucket:
    """Both bundles are published in it. Tests only move its pointer."""
    bucket = new_bucket(proxy.upstream)
    for path in made:
        open_bucket(bucket).publish(path)
    return bucket


@pytest.fixture
def bucket(full_bucket) -> Bucket:
    """Nothing is released yet."""
    spoil(full_bucket, CURRENT, None)
    return full_bucket


@pytest.fixture
def remote(bucket) -> S3Bundles:
    """The way of those who release."""
    return open_bucket(bucket)


@pytest.fixture
def followed(bucket, proxy) -> S3Bundles:
    """The way of the server: through a proxy that forwards until it is told otherwise."""
    proxy.forward()
    return open_bucket(replace(bucket, endpoint=proxy.url))


@pytest.fixture
def local(tmp_path) -> LocalBundles:
    return LocalBundles(tmp_path / "home")


@pytest.fixture(scope="module")
def made(index_dir, tmp_path_factory) -> list[Path]:
    """Two bundles. Never change them."""
    root = tmp_path_factory.mktemp("made")
    return [
        write_bundle(replace(make_bundle(), model_version=f"ease-{number}"), index_dir, root) for number in range(2)
    ]


def release(remote: S3Bundles, path: Path) -> str:
    return BucketPointer(remote._objects).move(path.name).version


class TestLook:
    def test_what_is_released_is_fetched_and_served(self, remote, followed, local, made):
        old = release(remote, made[0])
        follower = BucketFollower(followed, local)
        follower.look()
        assert local.pointer() == Pointer(old, None)
        releases = LocalReleases(local.home, lambda bundle, path: NumpySearch(bundle))
        assert releases.current().bundle.version == old
        new = release(remote, made[1])
        follower.look()
        releases.refresh()
        assert releases.current().bundle.version == new
        assert local.pointer() == Pointer(new, old)

    def test_going_back_needs_no_download(self, remote, followed, local, made, proxy):
        old = release(remote, made[0])
        follower = BucketFollower(followed, local)
        follower.look()
        release(remote, made[1])
        follower.look()
        remote.activate(remote.previous())
        before = proxy.requests
        follower.look()
        assert local.pointer().version == old
        assert proxy.requests == before + 1

    def test_the_bucket_leads(self, remote, followed, local, made):
        release(remote, made[0])
        follower = BucketFollower(followed, local)
        follower.look()
        remote.fetch(made[1].name, local.root)
        local.activate(made[1].name)
        follower.look()
        assert local.pointer().version == made[0].name

    def test_a_bundle_that_was_removed_here_is_fetched_again(self, remote, followed, local, made):
        release(remote, made[0])
        follower = BucketFollower(followed, local)
        follower.look()
        (local.root / made[0].name).rename(local.root / "elsewhere")
        follower.look()
        assert local.current_path().name == made[0].name

    def test_a_bundle_that_took_damage_here_is_fetched_again_when_the_server_starts(
        self, remote, followed, local, made, proxy
    ):
        version = release(remote, made[0])
        BucketFollower(followed, local).look()
        damaged = local.root / version / "popularity.npy"
        flip_bit(damaged, damaged.stat().st_size * 8 - 1)
        follower = BucketFollower(followed, local)
        follower.start()
        follower.stop()
        assert local.verify(version).version == version
        before = proxy.requests
        follower.look()
        assert proxy.requests == before + 1, "what was found sound is not fetched again"

    def test_with_a_damaged_bundle_here_a_bucket_that_is_down_is_fatal(self, remote, followed, local, made, proxy):
        version = release(remote, made[0])
        BucketFollower(followed, local).look()
        damaged = local.root / version / "popularity.npy"
        flip_bit(damaged, damaged.stat().st_size * 8 - 1)
        proxy.refuse()
        with pytest.raises(BucketUnavailable, match="did not respond"):
            BucketFollower(followed, local).start()

    def test_a_release_with_one_bit_turned_is_refused(self, remote, followed, local, bucket, made, request):
        old = release(remote, made[0])
        follower = BucketFollower(followed, local)
        follower.look()
        new = release(remote, made[1])
        content = bytearray((made[1] / "popularity.npy").read_bytes())
        content[-1] ^= 1
        spoil(bucket, f"bundles/{new}/popularity.npy", bytes(content))
        request.addfinalizer(lambda: remote.publish(made[1]))
        with pytest.raises(BundleDamaged, match=r"popularity\.npy: SHA-256"):
            follower.look()
        assert local.pointer().version == old

    def test_a_bucket_that_is_down_is_logged_once(self, remote, followed, local, made, proxy, caplog):
        release(remote, made[0])
        follower = BucketFollower(followed, local)
        follower.look()
        proxy.refuse()
        with caplog.at_level(logging.WARNING, "services"):
            for _ in range(3):
                with pytest.raises(BucketUnavailable):
                    follower.look()
            assert [record.levelname for record in caplog.records] == ["ERROR"]
            assert "did not respond" in (follower.last_error or "")
            assert local.pointer().version == made[0].name
            proxy.forward()
            follower.look()
        assert follower.last_error is None
        assert caplog.records[-1].getMessage() == "following the bucket again"

    def test_a_damaged_bundle_is_not_fetched_at_every_look(self, remote, followed, local, bucket, made, proxy, request):
        old, clock = release(remote, made[0]), ManualClock()
        follower = BucketFollower(followed, local, monotonic=clock.monotonic)
        follower.look()
        new = release(remote, made[1])
        spoil(bucket, f"bundles/{new}/popularity.npy", b"short")
        request.addfinalizer(lambda: remote.publish(made[1]))
        with pytest.raises(BundleDamaged, match=r"popularity\.npy"):
            follower.look()
        before = proxy.requests
        with pytest.raises(BundleError, match=r"popularity\.npy"):
            follower.look()
        assert proxy.requests == before + 1
        assert local.pointer().version == old
        assert "popularity.npy" in (follower.last_error or "")
        assert remote.publish(made[1]) > 0
        clock.advance(REFUSED_S + 1)
        follower.look()
        assert (local.pointer().version, follower.last_error) == (new, None)

    def test_after_a_damaged_release_another_is_followed(self, remote, followed, local, bucket, made, request):
        new = release(remote, made[1])
        spoil(bucket, f"bundles/{new}/popularity.npy", b"short")
        request.addfinalizer(lambda: remote.publish(made[1]))
        follower = BucketFollower(followed, local)
        with pytest.raises(BundleDamaged):
            follower.look()
        release(remote, made[0])
        follower.look()
        assert local.pointer().version == made[0].name

    def test_an_outage_in_a_download_is_tried_again_at_the_next_look(self, remote, followed, local, made):
        class Cut(S3Bundles):
            cuts = 1

            def fetch(self, *arguments):
                if self.cuts:
                    self.cuts -= 1
                    raise BucketUnavailable("the line was cut")
                return super().fetch(*arguments)

        release(remote, made[0])
        follower = BucketFollower(Cut(followed._objects), local)
        with pytest.raises(BucketUnavailable, match="cut"):
            follower.look()
        follower.look()
        assert local.pointer().version == made[0].name

    def test_a_full_disk_is_an_error_like_others(self, remote, followed, local, made):
        release(remote, made[0])
        local.home.mkdir()
        local.root.write_text("not a folder")
        follower = BucketFollower(followed, local)
        with pytest.raises(OSError, match="bundles"):
            follower.look()
        assert follower.last_error is not None


class TestServing:
    def test_a_new_release_comes_by_itself(self, remote, followed, local, made):
        release(remote, made[0])
        follower = BucketFollower(followed, local, every_s=0.05)
        follower.start()
        try:
            assert local.pointer().version == made[0].name
            release(remote, made[1])
            wait_for(lambda: local.pointer().version == made[1].name, "the new bundle")
        finally:
            follower.stop()
        assert "marquee-bucket" not in [thread.name for thread in threading.enumerate()]

    def test_it_goes_on_after_an_outage(self, remote, followed, local, made, proxy):
        release(remote, made[0])
        follower = BucketFollower(followed, local, every_s=0.05)
        follower.start()
        try:
            proxy.drop()
            wait_for(lambda: follower.last_error is not None, "the outage")
            assert local.pointer().version == made[0].name
            proxy.forward()
            release(remote, made[1])
            wait_for(lambda: local.pointer().version == made[1].name, "the new bundle")
            # Which is a moment before it is done.
            wait_for(lambda: follower.last_error is None, "the end of the outage")
        finally:
            follower.stop()

    def test_it_goes_on_after_a_fault_of_its_own(self, remote, followed, local, made, caplog):
        class Faulty(S3Bundles):
            asked = 0

            def pointer(self):
                self.asked += 1
                if self.asked == 2:
                    raise ZeroDivisionError
                return super().pointer()

        release(remote, made[0])
        faulty = Faulty(followed._objects)
        follower = BucketFollower(faulty, local, every_s=0.02)
        follower.start()
        try:
            wait_for(lambda: faulty.asked > 3, "another look")
        finally:
            follower.stop()
        assert "checking the bucket failed" in caplog.text

    def test_it_starts_with_what_is_there_when_the_bucket_is_down(self, remote, followed, local, made, proxy):
        release(remote, made[0])
        BucketFollower(followed, local).look()
        proxy.refuse()
        follower = BucketFollower(followed, local)
        follower.start()
        follower.stop()
        assert "did not respond" in (follower.last_error or "")

    def test_with_nothing_here_a_bucket_that_is_down_is_fatal(self, followed, local, proxy):
        proxy.refuse()
        with pytest.raises(BucketUnavailable, match="did not respond"):
            BucketFollower(followed, local).start()

    def test_with_nothing_anywhere_it_says_what_to_do(self, followed, local):
        with pytest.raises(BundleMissing, match="run `marquee release`"):
            BucketFollower(followed, local).start()

    def test_it_may_be_stopped_before_it_was_started(self, followed, local):
        BucketFollower(followed, local).stop()
