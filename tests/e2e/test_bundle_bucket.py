"""Servers follow a bucket: they start with its release and switch to new ones under load."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.s3.bundles import S3Bundles, open_bucket
from services.adapters.bundle.s3.pointer import CURRENT
from tests.e2e.kit import Served, build_sample, bundles, copy_home, marquee
from tests.e2e.test_swap import load
from tests.patience import wait_for
from tests.s3_server import new_bucket, s3_server, spoil
from tests.servers.proxy import Proxy


@dataclass(frozen=True)
class PublishedBundles:
    """Two published bundles; ``home`` is the home in which they were built."""

    home: Path
    bucket: Bucket
    old: str
    new: str

    @property
    def remote(self) -> S3Bundles:
        return open_bucket(self.bucket)

    def settings(self, url: str | None = None) -> dict[str, str]:
        place = f"{self.bucket.name}/{self.bucket.prefix}"
        return {"BUNDLE_BUCKET": place, "S3_ENDPOINT": url or str(self.bucket.endpoint), "BUNDLE_POLL_SECS": "1"}


@pytest.fixture(scope="module")
def published_bundles(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublishedBundles]:
    home = copy_home(sample_home, tmp_path_factory.mktemp("bucket") / "home")
    (old,) = bundles(home)
    params = home / "params.json"
    params.write_text(json.dumps({"weights": {"traits": 0.0}}))
    new = build_sample(home, "--params", str(params), "--no-activate")
    with s3_server() as url:
        published = PublishedBundles(home, new_bucket(url), old, new)
        for version in (old, new):
            published.remote.publish(home / "bundles" / version)
        yield published


@pytest.fixture
def released(published_bundles: PublishedBundles) -> PublishedBundles:
    """The same bundles with the old one released, and no earlier release."""
    spoil(published_bundles.bucket, CURRENT, None)
    published_bundles.remote.activate(published_bundles.old)
    return published_bundles


@pytest.fixture
def empty_home(tmp_path: Path) -> Path:
    home = tmp_path / "server"
    home.mkdir()
    return home


def test_an_empty_server_fetches_the_release_and_switches_without_dropping_a_request(
    released: PublishedBundles, empty_home: Path
) -> None:
    answers: Counter[tuple[int, str]] = Counter()
    with Served(empty_home, "--workers", "2", env=released.settings()) as server:
        assert bundles(empty_home) == [released.old]
        with load(server, answers):
            wait_for(lambda: answers[200, f"embedded-{released.old}"] > 20, "answers of the old bundle")
            done = marquee(released.home, "release", released.new, env=released.settings())
            assert done.returncode == 0, done.stderr
            wait_for(lambda: answers[200, f"embedded-{released.new}"] > 20, "answers of the new bundle")
            before = answers[200, f"embedded-{released.old}"]
            assert marquee(released.home, "release", "--rollback", env=released.settings()).returncode == 0
            wait_for(lambda: answers[200, f"embedded-{released.old}"] > before + 20, "the old bundle again")
        assert server.stop() == 0
    assert {status for status, _ in answers} == {200}


def test_a_server_keeps_serving_and_starts_while_the_bucket_is_down(
    released: PublishedBundles, empty_home: Path
) -> None:
    with Proxy(str(released.bucket.endpoint)) as proxy:
        settings = released.settings(proxy.url)
        with Served(empty_home, env=settings) as server:
            proxy.refuse()
            wait_for(lambda: "cannot follow the bucket" in server.log, "the warning")
            assert server.recommend(k=1)["index_version"] == f"embedded-{released.old}"
            assert server.stop() == 0
        with Served(empty_home, env=settings) as again:
            assert again.recommend(k=1)["index_version"] == f"embedded-{released.old}"
            released.remote.activate(released.new)
            proxy.forward()
            wait_for(lambda: again.recommend(k=1)["index_version"] == f"embedded-{released.new}", "the new bundle")


def test_a_damaged_release_is_refused_and_the_old_one_is_served(released: PublishedBundles, empty_home: Path) -> None:
    released.remote.activate(released.new)
    spoil(released.bucket, f"bundles/{released.new}/popularity.npy", b"short")
    home = copy_home(released.home, empty_home / "home")
    shutil.rmtree(home / "bundles" / released.new)
    try:
        with Served(home, env=released.settings()) as server:
            assert "popularity.npy: found 5 bytes" in server.log
            assert server.recommend(k=1)["index_version"] == f"embedded-{released.old}"
            released.remote.activate(released.old)
            wait_for(lambda: "following the bucket again" in server.log, "the recovery")
    finally:
        released.remote.publish(released.home / "bundles" / released.new)


def test_without_any_bundle_the_error_names_the_remedy(released: PublishedBundles, empty_home: Path) -> None:
    nowhere = replace(released, bucket=replace(released.bucket, prefix="nowhere/"))
    done = marquee(empty_home, "serve", "--port", "0", env=nowhere.settings())
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].endswith("nothing is released there; run `marquee release`")
    assert "Traceback" not in done.stderr
