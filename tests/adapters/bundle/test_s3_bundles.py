"""Publishing bundles to a bucket and fetching them: all or nothing, every byte verified."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.adapters.bundle.local import LocalBundles, Pointer
from services.adapters.bundle.manifest import seal
from services.adapters.bundle.reader import open_bundle
from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.s3.bundles import S3Bundles, open_bucket
from services.adapters.bundle.s3.objects import Objects, open_objects
from services.adapters.bundle.s3.s3_failures import BucketUnavailable
from services.adapters.bundle.s3.versions import Published, outdated
from services.adapters.bundle.writer import write_bundle
from services.recommender.errors import BundleDamaged, BundleMissing
from tests.builders import make_bundle
from tests.s3_server import keys_of, s3_client, spoil, stored


@pytest.fixture
def remote(bucket) -> S3Bundles:
    return open_bucket(bucket)


@pytest.fixture(scope="module")
def built(index_dir, tmp_path_factory) -> list[Path]:
    """Three bundles. Read-only."""
    root = tmp_path_factory.mktemp("made")
    return [
        write_bundle(replace(make_bundle(), model_version=f"ease-{number}"), index_dir, root) for number in range(3)
    ]


class FailingObjects(Objects):
    """A connection that fails after ``left`` uploads."""

    left = 5

    def upload(self, path, file, sha256):
        if self.left == 0:
            raise BucketUnavailable("the line was cut")
        self.left -= 1
        super().upload(path, file, sha256)


def failing_bundles(bucket: Bucket) -> S3Bundles:
    objects = open_objects(bucket)
    return S3Bundles(FailingObjects(objects._client, bucket))


class TestRoundTrip:
    def test_the_fetched_bundle_equals_the_published_one(self, remote, bucket, built, tmp_path):
        steps: list[tuple[int, int]] = []
        files = sorted(path.relative_to(built[0]).as_posix() for path in built[0].rglob("*") if path.is_file())
        assert remote.publish(built[0], lambda done, total: steps.append((done, total))) == len(files)
        assert keys_of(bucket) == [f"bundles/{built[0].name}/{name}" for name in files]
        assert steps == [(number, len(files) - 1) for number in range(1, len(files))]
        fetched = remote.fetch(built[0].name, tmp_path / "bundles")
        assert fetched == tmp_path / "bundles" / built[0].name
        assert [path.name for path in (tmp_path / "bundles").iterdir()] == [built[0].name]
        for name in files:
            assert (fetched / name).read_bytes() == (built[0] / name).read_bytes()
        assert open_bundle(fetched, verify=True).version == built[0].name

    def test_a_fetched_bundle_is_readable_for_other_users(self, remote, built, tmp_path):
        remote.publish(built[0])
        fetched = remote.fetch(built[0].name, tmp_path)
        assert fetched.stat().st_mode & 0o777 == 0o755
        assert all(path.stat().st_mode & 0o444 == 0o444 for path in fetched.rglob("*"))

    def test_a_bundle_is_uploaded_once(self, remote, bucket, built):
        assert remote.publish(built[0]) > 1
        before = s3_client(bucket.endpoint).list_objects_v2(Bucket=bucket.name)["Contents"]
        assert remote.publish(built[0]) == 0
        assert s3_client(bucket.endpoint).list_objects_v2(Bucket=bucket.name)["Contents"] == before

    def test_another_build_of_the_same_content_is_not_uploaded(self, remote, bucket, built, index_dir, tmp_path):
        bundle = replace(make_bundle(), model_version="ease-0")
        other = write_bundle(bundle, index_dir, tmp_path, {"inputs": "other files"})
        assert other.name == built[0].name
        remote.publish(built[0])
        assert remote.publish(other) == 0
        manifest = stored(bucket, f"bundles/{other.name}/manifest.json")
        assert manifest == (built[0] / "manifest.json").read_bytes() != (other / "manifest.json").read_bytes()

    def test_a_sound_bundle_is_not_fetched_again(self, remote, built, tmp_path):
        remote.publish(built[0])
        first = remote.fetch(built[0].name, tmp_path).stat().st_ino
        assert remote.fetch(built[0].name, tmp_path).stat().st_ino == first

    def test_a_damaged_local_bundle_is_replaced(self, remote, built, tmp_path):
        remote.publish(built[0])
        shutil.copytree(built[0], tmp_path / built[0].name)
        (tmp_path / built[0].name / "popularity.npy").write_bytes(b"short")
        remote.fetch(built[0].name, tmp_path)
        assert LocalBundles(tmp_path).list() == []
        assert open_bundle(tmp_path / built[0].name, verify=True).version == built[0].name
        assert [path.name for path in tmp_path.iterdir()] == [built[0].name]

    def test_versions_are_listed_oldest_first(self, remote, built):
        assert remote.list() == []
        for path in built[:2]:
            remote.publish(path)
        assert {published.version for published in remote.list()} == {path.name for path in built[:2]}
        assert all(published.complete and published.size > 10_000 for published in remote.list())

    def test_prefixes_of_one_bucket_are_separate(self, remote, bucket, built):
        other = open_bucket(replace(bucket, prefix="other/"))
        remote.publish(built[0])
        assert other.list() == []
        assert not other.is_published(built[0].name)
        with pytest.raises(BundleMissing, match="none; run `marquee release`"):
            other.activate(built[0].name)


class TestInterrupted:
    def test_an_interrupted_upload_is_not_listed(self, remote, bucket, built, tmp_path):
        with pytest.raises(BucketUnavailable, match="line was cut"):
            failing_bundles(bucket).publish(built[0])
        assert len(keys_of(bucket)) >= 5
        assert remote.list() == []
        assert not remote.is_published(built[0].name)
        with pytest.raises(BundleMissing, match="available: none"):
            remote.fetch(built[0].name, tmp_path)
        with pytest.raises(BundleMissing, match="available: none"):
            remote.activate(built[0].name)

    def test_the_next_upload_sends_only_the_missing_files(self, remote, bucket, built):
        with pytest.raises(BucketUnavailable):
            failing_bundles(bucket).publish(built[0])
        uploaded, files = len(keys_of(bucket)), sum(path.is_file() for path in built[0].rglob("*"))
        assert remote.publish(built[0]) == files - uploaded
        assert remote.is_published(built[0].name)

    def test_a_concurrent_upload_of_other_bytes_is_detected(self, remote, bucket, built):
        version = built[0].name

        def other_build(done: int, total: int) -> None:
            if done == total:
                spoil(bucket, f"bundles/{version}/text_index/meta.json", b"{}")

        with pytest.raises(BundleDamaged, match=r"meta\.json was changed during the upload"):
            remote.publish(built[0], other_build)
        assert remote.list() == []

    def test_an_interrupted_download_leaves_nothing(self, bucket, built, tmp_path):
        open_bucket(bucket).publish(built[0])

        def cut(done: int, total: int) -> None:
            if done == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            open_bucket(bucket).fetch(built[0].name, tmp_path / "bundles", cut)
        assert list((tmp_path / "bundles").iterdir()) == []


class TestDamaged:
    def test_a_damaged_folder_is_not_published(self, remote, bucket, built, tmp_path):
        copy = Path(shutil.copytree(built[0], tmp_path / built[0].name))
        size = (copy / "popularity.npy").stat().st_size
        (copy / "popularity.npy").write_bytes(b"x" * size)
        with pytest.raises(BundleDamaged, match=r"popularity\.npy: SHA-256"):
            remote.publish(copy)
        with pytest.raises(BundleMissing, match="marquee build"):
            remote.publish(tmp_path / "nowhere")
        assert keys_of(bucket) == []

    @pytest.mark.parametrize(
        ("name", "body", "reason"),
        [
            ("popularity.npy", b"short", r"popularity\.npy: found 5 bytes, expected"),
            ("popularity.npy", None, r"popularity\.npy: missing, expected"),
            ("text_index/meta.json", None, r"text_index/meta\.json: missing"),
            ("manifest.json", b"{", r"manifest\.json: not JSON"),
            ("manifest.json", b"[]", r"manifest\.json: found a JSON list"),
        ],
    )
    def test_a_damaged_object_is_refused(self, remote, bucket, built, tmp_path, name, body, reason):
        version = built[0].name
        remote.publish(built[0])
        spoil(bucket, f"bundles/{version}/{name}", body)
        with pytest.raises(BundleDamaged, match=rf"^s3://.*{version}/ is refused: {reason}.*where it was built"):
            remote.fetch(version, tmp_path)
        assert list(tmp_path.iterdir()) == []
        with pytest.raises((BundleDamaged, BundleMissing)):
            remote.activate(version)

    def test_other_bytes_of_the_same_size_are_refused(self, remote, bucket, built, tmp_path):
        key = f"bundles/{built[0].name}/popularity.npy"
        remote.publish(built[0])
        spoil(bucket, key, bytes(reversed(stored(bucket, key))))
        with pytest.raises(BundleDamaged, match=r"is refused: popularity\.npy: SHA-256 is"):
            remote.fetch(built[0].name, tmp_path)
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(BundleDamaged, match=r"popularity\.npy: differs from the manifest"):
            remote.activate(built[0].name)

    def test_a_bundle_under_another_version_is_refused(self, remote, bucket, built, tmp_path):
        remote.publish(built[0])
        for key in keys_of(bucket):
            spoil(bucket, key.replace(built[0].name, "a" * 16), stored(bucket, key))
        with pytest.raises(BundleDamaged, match=f"version is '{built[0].name}', expected '{'a' * 16}'"):
            remote.fetch("a" * 16, tmp_path)
        assert not remote.is_published("a" * 16)

    def test_a_file_outside_the_bundle_is_refused(self, remote, bucket, built, tmp_path):
        remote.publish(built[0])
        key = f"bundles/{built[0].name}/manifest.json"
        manifest = json.loads(stored(bucket, key))
        manifest["files"]["../../evil"] = {"size": 4, "sha256": "0" * 64}
        spoil(bucket, key, seal(manifest))
        spoil(bucket, f"bundles/{built[0].name}/../../evil", b"evil")
        with pytest.raises(BundleDamaged, match="not a file of a bundle"):
            remote.fetch(built[0].name, tmp_path / "bundles")
        assert [path.name for path in tmp_path.iterdir()] == ["bundles"]

    @pytest.mark.parametrize("version", ["", "..", "../../etc", "latest", "0" * 16])
    def test_a_name_that_is_no_version_is_not_looked_up(self, remote, tmp_path, version):
        for call in (lambda: remote.fetch(version, tmp_path), lambda: remote.activate(version)):
            with pytest.raises(BundleMissing, match="no bundle"):
                call()

    def test_publishing_again_repairs_a_damaged_bundle(self, remote, bucket, built, tmp_path):
        version = built[0].name
        remote.publish(built[0])
        spoil(bucket, f"bundles/{version}/popularity.npy", b"short")
        assert remote.publish(built[0]) == 2
        assert remote.fetch(version, tmp_path).name == version


class TestFeatures:
    def test_features_are_stored_outside_the_bundles_and_uploaded_once(self, remote, bucket, tmp_path):
        (tmp_path / "items.parquet").write_bytes(b"films")
        (tmp_path / "item_embeddings.parquet").write_bytes(b"vectors")
        (tmp_path / "notes.txt").write_bytes(b"mine")
        assert remote.publish_features(tmp_path) == 2
        assert keys_of(bucket) == ["features/item_embeddings.parquet", "features/items.parquet"]
        assert remote.publish_features(tmp_path) == 0
        (tmp_path / "items.parquet").write_bytes(b"other films")
        assert remote.publish_features(tmp_path) == 1
        assert stored(bucket, "features/items.parquet") == b"other films"

    def test_a_missing_folder_has_no_features(self, remote, tmp_path):
        assert remote.publish_features(tmp_path / "nowhere") == 0


class TestPrune:
    def test_the_released_bundle_and_the_previous_one_are_kept(self, remote, bucket, built, tmp_path):
        for path in built:
            remote.publish(path)
            remote.activate(path.name)
        assert remote.prune(keep=1) == []
        assert remote.prune(keep=0) == [built[0].name]
        assert not [key for key in keys_of(bucket) if built[0].name in key]
        assert {published.version for published in remote.list()} == {path.name for path in built[1:]}
        assert remote.fetch(built[2].name, tmp_path)

    def test_prune_without_a_pointer_is_refused(self, remote, built):
        remote.publish(built[0])
        with pytest.raises(BundleMissing, match="nothing is released"):
            remote.prune(keep=0)
        assert len(remote.list()) == 1

    def test_an_abandoned_upload_is_removed_and_one_in_progress_is_kept(self):
        noon = datetime(2026, 1, 1, 12, tzinfo=UTC)

        def published(version: str, minutes: int, complete: bool = True) -> Published:
            return Published(version, noon + timedelta(minutes=minutes), 1, complete)

        bundles = [
            published("given up", -9, complete=False),
            published("old", -8),
            published("older by a little", -7),
            published("before", -1),
            published("now", 0),
            published("under way", 1, complete=False),
            published("next", 2),
        ]
        pointer = Pointer("now", "before")
        assert outdated(bundles, pointer, 0) == ["old", "older by a little", "next", "given up"]
        assert outdated(bundles, pointer, 1) == ["old", "older by a little", "given up"]
        assert outdated(bundles, pointer, 9) == ["given up"]
        assert outdated([published("lost", -9, complete=False)], pointer, 0) == []
