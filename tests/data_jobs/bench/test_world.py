from pathlib import Path

import pytest

from data_jobs.bench.world import SIMULATED_VECTORS, World, find_bundle
from data_jobs.report import Silent
from data_jobs.sample.load import sample_files
from data_jobs.validate import Source
from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.reader import open_bundle
from tests.data_jobs.bench.test_catalogues import Filling, metadata_file
from tests.fakes import HashingEncoder


class Steps:
    def __init__(self):
        self.names = []

    def advance(self, step, done, total):
        self.names.append(step)


@pytest.fixture(scope="module")
def sample_home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("world")
    find_bundle(home, World(), Silent())
    return home


def test_without_a_bundle_the_sample_is_built_under_bench_and_not_made_active(sample_home):
    path = find_bundle(sample_home, World(), Silent())
    assert path.is_relative_to(sample_home / "bench" / World().fingerprint() / "bundles")
    assert not (sample_home / "current.json").exists()
    assert open_bundle(path).embeddings is None


def test_a_second_run_reuses_the_bundle(sample_home):
    steps = Steps()
    assert find_bundle(sample_home, World(), steps) == find_bundle(sample_home, World(), Silent())
    assert steps.names == []


def test_the_active_bundle_is_the_default(sample_home, tmp_path):
    built = find_bundle(sample_home, World(), Silent())
    home = tmp_path / "home"
    home.mkdir()
    (home / "bundles").symlink_to(built.parent, target_is_directory=True)
    LocalBundles(home).activate(built.name)
    steps = Steps()
    assert find_bundle(home, World(), steps) == home / "bundles" / built.name
    assert not steps.names


def test_a_damaged_bench_bundle_is_built_anew(sample_home, tmp_path):
    first = find_bundle(tmp_path, World(), Silent())
    (first / "popularity.npy").write_bytes(b"torn")
    again = find_bundle(tmp_path, World(), Silent())
    assert again.name == first.name
    open_bundle(again, verify=True)


def test_with_an_encoder_vectors_are_simulated_and_marked_as_such(tmp_path):
    encoder = HashingEncoder()
    bundle = open_bundle(find_bundle(tmp_path, World(encoder=encoder), Silent()))
    assert bundle.embeddings is not None
    assert bundle.embeddings.dims == encoder.dims
    assert SIMULATED_VECTORS in bundle.sources
    assert encoder.seen == []


def test_with_real_text_every_film_is_embedded_and_cached(tmp_path):
    encoder, source = HashingEncoder(), Source(catalogue=(sample_files()[0],))
    world = World(source=source, real_text=True, encoder=encoder)
    bundle = open_bundle(find_bundle(tmp_path, world, Silent()))
    assert len(encoder.seen) == len(bundle.catalogue)
    assert SIMULATED_VECTORS not in bundle.sources
    assert any((tmp_path / "cache" / "vectors").rglob("*.vectors"))


def test_every_input_changes_the_fingerprint(tmp_path):
    source, metadata = Source(catalogue=tuple(sample_files())), metadata_file(tmp_path, 5)
    renamed = metadata_file(tmp_path, 5).rename(tmp_path / "other.jsonl")
    metadata = metadata_file(tmp_path, 6)
    worlds = [
        World(),
        World(source=Source(catalogue=(sample_files()[0],))),
        World(encoder=HashingEncoder()),
        World(encoder=HashingEncoder(), real_text=True),
        World(filling=Filling(600, metadata)),
        World(filling=Filling(601, metadata)),
        World(filling=Filling(600, renamed)),
        World(filling=Filling(600, metadata, viewers=9)),
    ]
    assert len({world.fingerprint() for world in worlds}) == len(worlds)
    assert World(source).fingerprint() == World(source).fingerprint()


def test_only_an_unspecified_world_uses_the_active_bundle(tmp_path):
    assert not World().is_specified
    assert not World(encoder=HashingEncoder()).is_specified
    assert World(source=Source(catalogue=tuple(sample_files()))).is_specified
    assert World(filling=Filling(600, tmp_path / "x")).is_specified
    assert World(real_text=True).is_specified
