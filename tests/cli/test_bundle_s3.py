"""Bundles in a bucket: publish, fetch, list, release, roll back; and the errors."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_jobs.build import Order, build
from data_jobs.report import Silent
from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.s3.bundles import open_bucket
from services.settings import SettingsError, load_settings
from tests.cli.conftest import Marquee
from tests.e2e.kit import bundles, damage
from tests.s3_server import keys_of, new_bucket, s3_server, spoil


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(url: str, empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket of this test's own, and the settings for it."""
    bucket = new_bucket(url)
    monkeypatch.setenv("BUNDLE_BUCKET", f"{bucket.name}/films")
    monkeypatch.setenv("S3_ENDPOINT", url)
    return bucket


def second_bundle(home: Path, activate: bool = True) -> str:
    params = home / "params.json"
    params.write_text(json.dumps({"weights": {"traits": 0.01}}))
    return build(Order(home=home, params=params, activate=activate), Silent()).version


def pointer_of(bucket: Bucket) -> tuple[str, str | None]:
    pointer = open_bucket(bucket).pointer()
    return pointer.version, pointer.previous


class TestPublishAndFetch:
    def test_publish_here_and_fetch_on_another_machine(
        self, marquee: Marquee, home: Path, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (version,) = bundles(home)
        sent = marquee("bundle", "publish", "--json")
        assert sent.code == 0, sent.err
        assert sent.json["version"] == version
        assert sent.json["uri"] == f"s3://{bucket.name}/films/bundles/{version}/"
        assert sent.json["files"] == sum(path.is_file() for path in (home / "bundles" / version).rglob("*"))
        monkeypatch.setenv("MARQUEE_HOME", str(tmp_path / "elsewhere"))
        fetched = marquee("bundle", "fetch", version)
        assert fetched.code == 0, fetched.err
        assert fetched.out.endswith(f"`marquee bundle activate {version}` serves it.\n")
        assert marquee("bundle", "activate", version).code == 0
        assert marquee("bundle", "verify").code == 0

    def test_publishing_twice_uploads_nothing(self, marquee: Marquee, home: Path, bucket: Bucket) -> None:
        (version,) = bundles(home)
        (home / "features").mkdir()
        (home / "features" / "items.parquet").write_bytes(b"films")
        assert "files uploaded; feature files uploaded: 1)" in marquee("bundle", "publish", version).out
        assert "(already there; feature files uploaded: 0)" in marquee("bundle", "publish", version).out
        assert "features/items.parquet" in keys_of(bucket)

    def test_publishing_releases_nothing(self, marquee: Marquee, home: Path, bucket: Bucket) -> None:
        assert marquee("bundle", "publish").code == 0
        done = marquee("bundle", "fetch")
        assert done.code == 3
        assert "nothing is released there; run `marquee release`" in done.err

    def test_a_damaged_bundle_is_neither_published_nor_fetched(
        self, marquee: Marquee, home: Path, bucket: Bucket
    ) -> None:
        (version,) = bundles(home)
        marquee("bundle", "publish")
        spoil(bucket, f"bundles/{version}/popularity.npy", b"short")
        damage(home, version)
        for verb in (("bundle", "publish"), ("bundle", "fetch", version)):
            done = marquee(*verb)
            assert done.code == 3
            assert "popularity.npy: found" in done.err
            assert len(done.err.splitlines()) == 1


class TestList:
    def test_the_released_one_is_marked(self, marquee: Marquee, home: Path, bucket: Bucket) -> None:
        assert f"No bundles in s3://{bucket.name}/films/ yet" in marquee("bundle", "list", "--bucket").out
        (old,) = bundles(home)
        assert marquee("bundle", "publish").code == 0
        assert [each["active"] for each in marquee("bundle", "list", "--bucket", "--json").json] == [False]
        assert marquee("release").code == 0
        (listed,) = marquee("bundle", "list", "--bucket", "--json").json
        assert (listed["active"], listed["version"]) == (True, old)
        assert listed["megabytes"] > 0
        assert listed["published_at"].endswith("Z")
        assert f"*  {old}" in marquee("bundle", "list", "--bucket").out


class TestRelease:
    def test_release_and_roll_back(self, marquee: Marquee, home: Path, bucket: Bucket) -> None:
        (old,) = bundles(home)
        first = marquee("release")
        assert first.code == 0, first.err
        assert first.out.startswith(f"Bundle {old} is released (")
        assert first.out.endswith("files uploaded; previous: none).\n")
        new = second_bundle(home)
        done = marquee("release", "--json")
        assert done.code == 0, done.err
        assert done.json == {
            "version": new, "previous": old, "files": done.json["files"], "index": None, "removed": [],
        }  # fmt: skip
        assert pointer_of(bucket) == (new, old)
        back = marquee("release", "--rollback")
        assert back.out == f"Bundle {old} is released (already published; previous: {new}).\n"
        assert pointer_of(bucket) == (old, new)
        assert marquee("release", "--json").json["files"] == 0
        assert pointer_of(bucket) == (new, old)

    def test_a_dry_run_changes_nothing(self, marquee: Marquee, home: Path, bucket: Bucket) -> None:
        (version,) = bundles(home)
        planned = marquee("release", "--dry-run")
        assert planned.code == 0, planned.err
        assert planned.out.splitlines() == [
            f"Bundle {version}: would be published.",
            "Pointer: would move from nothing.",
            "Nothing was changed.",
        ]
        assert keys_of(bucket) == []
        marquee("release")
        before = keys_of(bucket)
        again = marquee("release", "--dry-run", "--json")
        assert again.json == {
            "version": version, "published": True, "index": None, "indexed": False, "released": version,
        }  # fmt: skip
        assert keys_of(bucket) == before

    def test_a_dry_run_finds_a_damaged_bundle(self, marquee: Marquee, home: Path, bucket: Bucket) -> None:
        damage(home, bundles(home)[0])
        done = marquee("release", "--dry-run")
        assert done.code == 3
        assert "popularity.npy" in done.err

    def test_a_version_that_is_only_in_the_bucket(
        self, marquee: Marquee, home: Path, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (version,) = bundles(home)
        marquee("bundle", "publish")
        monkeypatch.setenv("MARQUEE_HOME", str(tmp_path / "elsewhere"))
        assert marquee("release", version).code == 0
        assert pointer_of(bucket) == (version, None)
        missing = marquee("release", "0" * 16)
        assert missing.code == 3
        assert f"no bundle '{'0' * 16}' in s3://{bucket.name}/films/; available: {version}" in missing.err

    def test_keep_removes_older_bundles(self, marquee: Marquee, home: Path, bucket: Bucket) -> None:
        (old,) = bundles(home)
        marquee("release")
        middle = second_bundle(home)
        assert marquee("release", "--keep", "0", "--json").json["removed"] == []
        (home / "params.json").write_text(json.dumps({"weights": {"traits": 0.02}}))
        new = build(Order(home=home, params=home / "params.json"), Silent()).version
        done = marquee("release", "--keep", "0")
        assert f"Removed {old}." in done.out
        assert {each.version for each in open_bucket(bucket).list()} == {middle, new}

    def test_there_is_no_release_to_roll_back_to(self, marquee: Marquee, home: Path, bucket: Bucket) -> None:
        marquee("release")
        done = marquee("release", "--rollback")
        assert done.code == 3
        assert "no release to roll back to" in done.err

    @pytest.mark.parametrize("more", [("0" * 16,), ("--keep", "1")])
    def test_rollback_takes_no_version_and_no_keep(self, marquee: Marquee, home: Path, bucket: Bucket, more) -> None:
        done = marquee("release", "--rollback", *more)
        assert done.code == 2
        assert "--rollback goes back" in done.err

    def test_a_failed_index_leaves_the_pointer_as_it_is(
        self, marquee: Marquee, home: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENSEARCH_ENDPOINT", "http://127.0.0.1:9")
        done = marquee("release")
        assert done.code == 3
        assert "http://127.0.0.1:9" in done.err
        assert "current.json" not in keys_of(bucket)

    def test_the_index_is_complete_before_the_pointer_moves(
        self, marquee: Marquee, home: Path, bucket: Bucket, opensearch_url: str, unique_name: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        (old,) = bundles(home)
        monkeypatch.setenv("OPENSEARCH_ENDPOINT", opensearch_url)
        monkeypatch.setenv("OPENSEARCH_INDEX", unique_name)
        assert f"Index {unique_name}-{old}: would be loaded." in marquee("release", "--dry-run").out
        done = marquee("release", "--json")
        assert done.code == 0, done.err
        assert done.json["index"] == f"{unique_name}-{old}"
        assert pointer_of(bucket) == (old, None)
        assert f"Index {unique_name}-{old}: already complete." in marquee("release", "--dry-run").out
        for weight in (0.01, 0.02):
            (home / "params.json").write_text(json.dumps({"weights": {"traits": weight}}))
            build(Order(home=home, params=home / "params.json"), Silent())
            done = marquee("release", "--keep", "0", "--json")
        assert done.json["removed"] == [f"{unique_name}-{old}", old]
        assert len(marquee("index", "list", "--json").json) == 2


VERBS = [("release",), ("bundle", "publish"), ("bundle", "fetch"), ("bundle", "list", "--bucket")]


class TestSettings:
    @pytest.mark.parametrize("verb", VERBS)
    def test_without_a_bucket_it_says_what_to_set(self, marquee: Marquee, home: Path, verb: tuple[str, ...]) -> None:
        done = marquee(*verb)
        assert done.code == 2
        assert done.err == (
            "marquee: BUNDLE_BUCKET is not set: expected a bucket like my-bucket/prefix; see docs/releases.md\n"
        )

    @pytest.mark.parametrize("verb", VERBS)
    def test_a_missing_bucket_is_named(
        self, marquee: Marquee, home: Path, bucket: Bucket, verb: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BUNDLE_BUCKET", "no-such-bucket")
        done = marquee(*verb)
        assert done.code == 3
        assert done.err.startswith("marquee: s3://no-such-bucket/")
        assert "no such bucket; check BUNDLE_BUCKET" in done.err
        assert len(done.err.splitlines()) == 1

    def test_without_bundles(self, marquee: Marquee, empty_home: Path, bucket: Bucket) -> None:
        for verb in (("release",), ("bundle", "publish")):
            done = marquee(*verb)
            assert done.code == 3
            assert "marquee build" in done.err

    def test_moving_the_local_pointer_prints_that_servers_follow_the_bucket(
        self, marquee: Marquee, home: Path, bucket: Bucket
    ) -> None:
        old = LocalBundles(home).pointer().version
        new = second_bundle(home, activate=False)
        note = f"Note: servers follow s3://{bucket.name}/films/; run `marquee release` to switch them."
        assert note in marquee("bundle", "activate", new).out
        assert note in marquee("bundle", "rollback").out
        assert LocalBundles(home).pointer().version == old

    def test_the_place(self, empty_home: Path) -> None:
        assert load_settings().bucket is None
        settings = load_settings(
            bundle_bucket="films/prod", aws_region="eu-west-1", s3_endpoint="http://127.0.0.1:9000"
        )
        assert settings.bucket == Bucket("films", "prod/", "eu-west-1", "http://127.0.0.1:9000")
        with pytest.raises(SettingsError, match=r"BUNDLE_BUCKET = 's3://films': expected a bucket like my-bucket"):
            load_settings(bundle_bucket="s3://films")
