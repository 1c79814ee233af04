import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import data_jobs.cells
from data_jobs.cells import with_cells
from data_jobs.nearest import nearest_films
from data_jobs.report import Silent
from data_jobs.text_index import write_text_index
from services.adapters.bundle.layout import arrays_of
from services.adapters.bundle.reader import file_sha256, open_bundle
from services.adapters.bundle.writer import write_bundle
from services.recommender.domain.arrays import Strings
from services.recommender.domain.factors import ItemFactors
from services.recommender.domain.weights import Weights
from services.recommender.errors import BundleDamaged, BundleError, BundleMissing
from tests.builders import make_bundle, make_factors, make_towers


def test_cells_are_read_back_and_a_nonexistent_cell_is_refused(index_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(data_jobs.cells, "VERY_MANY", 1)
    bundle = make_bundle()
    embeddings = with_cells(bundle.embeddings, Silent())
    path = write_bundle(replace(bundle, embeddings=embeddings), index_dir, tmp_path)
    after = open_bundle(path, verify=True).cells
    assert np.array_equal(after.of, embeddings.cells.of)
    assert np.array_equal(after.centres, embeddings.cells.centres)
    embeddings.cells.of[3] = len(embeddings.cells.centres)
    path = write_bundle(replace(bundle, embeddings=embeddings), index_dir, tmp_path)
    with pytest.raises(BundleDamaged, match=r"cells\.of\.npy"):
        open_bundle(path)


def test_a_bundle_round_trips(finished):
    before, after = make_bundle(), open_bundle(finished, verify=True)
    assert after.version == finished.name
    assert len(after.version) == 16
    for name, array in arrays_of(before).items():
        assert np.array_equal(array, arrays_of(after)[name]), name
        assert array.dtype == arrays_of(after)[name].dtype
    assert after.weights == before.weights
    assert after.catalogue.languages == before.catalogue.languages
    assert after.embeddings is not None
    assert after.embeddings.encoder_id == "test-encoder"
    assert after.model_version == "ease-test"
    assert after.created_at > "2026"


def test_factors_are_read_back_and_a_bundle_without_them_opens(finished, index_dir, tmp_path):
    before = make_bundle(svd=True)
    path = write_bundle(before, index_dir, tmp_path)
    after = open_bundle(path, verify=True)
    assert np.array_equal(after.svd.units, before.svd.units)
    assert after.svd.units.dtype == np.float16
    assert after.version != finished.name
    assert json.loads((path / "manifest.json").read_text())["counts"]["svd factors"] == 8
    assert not (finished / "svd.units.npy").exists()
    assert open_bundle(finished, verify=True).svd is None


def test_factors_of_another_number_of_films_are_refused(index_dir, tmp_path):
    with pytest.raises(BundleDamaged, match=r"svd\.units\.npy: length 0 \(films\) is 119, expected 120"):
        write_bundle(replace(make_bundle(), svd=make_factors(119)), index_dir, tmp_path)


def test_factors_that_are_not_finite_are_refused(index_dir, tmp_path):
    units = make_factors(120).units.copy()
    units[5, 2] = np.nan
    path = write_bundle(replace(make_bundle(), svd=ItemFactors(units)), index_dir, tmp_path)
    with pytest.raises(BundleDamaged, match=r"svd\.units\.npy"):
        open_bundle(path, verify=True)


def test_neighbours_are_read_back_and_a_bundle_without_them_opens(finished, index_dir, tmp_path):
    before = nearest_films(make_bundle().embeddings, Silent(), films=100, neighbours=20)
    path = write_bundle(replace(make_bundle(), nearest=before), index_dir, tmp_path)
    after = open_bundle(path, verify=True).nearest
    assert np.array_equal(after.rows, before.rows)
    assert np.array_equal(after.cosines, before.cosines)
    assert open_bundle(finished, verify=True).nearest is None


def test_a_neighbour_out_of_range_is_refused(index_dir, tmp_path):
    nearest = nearest_films(make_bundle().embeddings, Silent(), films=100, neighbours=20)
    nearest.rows[3, 5] = 120
    path = write_bundle(replace(make_bundle(), nearest=nearest), index_dir, tmp_path)
    with pytest.raises(BundleDamaged, match=r"nearest\.rows\.npy"):
        open_bundle(path, verify=True)


TOWERS = ("items", "history", "inner", "inner_bias", "outer", "outer_bias")


def test_towers_are_read_back_exactly_and_a_bundle_without_them_opens(finished, index_dir, tmp_path):
    before = make_bundle(towers=True)
    path = write_bundle(before, index_dir, tmp_path)
    after = open_bundle(path, verify=True)
    for name in TOWERS:
        stored, expected = getattr(after.towers, name), getattr(before.towers, name)
        assert stored.dtype == np.float32
        assert np.array_equal(stored, expected), name
        assert not stored.flags.writeable
    counts = json.loads((path / "manifest.json").read_text())["counts"]
    assert (counts["tower dims"], counts["tower hidden"]) == (6, 5)
    assert after.version != finished.name
    assert not list(finished.glob("towers.*"))
    assert open_bundle(finished, verify=True).towers is None


def test_towers_score_the_same_after_a_round_trip(index_dir, tmp_path):
    before = make_towers(120)
    after = open_bundle(write_bundle(replace(make_bundle(), towers=before), index_dir, tmp_path)).towers
    rows, weights = np.array([0, 3, 119], np.int32), np.array([1.0, 0.5, 1.0], np.float32)
    assert np.array_equal(after.person(rows, weights), before.person(rows, weights))
    assert np.array_equal(after.scores(after.person(rows, weights)), before.scores(before.person(rows, weights)))
    assert after.is_known.tolist() == [True] * 119 + [False]


def test_the_version_covers_every_array_of_the_towers(index_dir, tmp_path):
    whole = make_towers(120)
    versions = {write_bundle(replace(make_bundle(), towers=whole), index_dir, tmp_path).name}
    for name in TOWERS:
        changed = replace(whole, **{name: getattr(whole, name) * np.float32(1.5)})
        versions.add(write_bundle(replace(make_bundle(), towers=changed), index_dir, tmp_path).name)
    assert len(versions) == 1 + len(TOWERS)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("items", (120, 6), r"towers\.history\.npy: length 1 \(tower dims\) is 6, expected 5"),
        ("items", (119, 7), r"towers\.items\.npy: length 0 \(films\) is 119, expected 120"),
        ("history", (120, 4), r"towers\.history\.npy: length 1 \(tower dims\) is 4, expected 6"),
        ("inner", (6, 4), r"towers\.inner_bias\.npy: length 0 \(tower hidden\) is 5, expected 4"),
        ("outer_bias", (7,), r"towers\.outer_bias\.npy: length 0 \(tower dims\) is 7, expected 6"),
    ],
)
def test_towers_of_inconsistent_shapes_are_refused(index_dir, tmp_path, name, shape, message):
    towers = replace(make_towers(120), **{name: np.zeros(shape, np.float32)})
    with pytest.raises(BundleDamaged, match=message):
        write_bundle(replace(make_bundle(), towers=towers), index_dir, tmp_path)


@pytest.mark.parametrize("name", TOWERS)
def test_towers_that_are_not_finite_are_refused(index_dir, tmp_path, name):
    values = getattr(make_towers(120), name).copy()
    values.flat[0] = np.inf
    path = write_bundle(replace(make_bundle(), towers=replace(make_towers(120), **{name: values})), index_dir, tmp_path)
    with pytest.raises(BundleDamaged, match=rf"towers\.{name}\.npy"):
        open_bundle(path, verify=True)


def test_a_bundle_with_a_missing_tower_array_is_refused(index_dir, tmp_path):
    path = write_bundle(make_bundle(towers=True), index_dir, tmp_path)
    (path / "towers.outer.npy").unlink()
    with pytest.raises(BundleDamaged, match=r"towers\.outer\.npy"):
        open_bundle(path)


def test_the_manifest_describes_the_whole_bundle(finished):
    manifest = json.loads((finished / "manifest.json").read_text())
    assert manifest["format"] == 3
    assert manifest["version"] == finished.name
    assert manifest["counts"]["films"] == 120
    assert manifest["counts"]["vector dims"] == 16
    assert manifest["encoder_id"] == "test-encoder"
    assert manifest["analyser"].startswith("marquee-")
    assert manifest["extra"] == {"inputs": "none"}
    for name, entry in manifest["files"].items():
        assert (finished / name).stat().st_size == entry["size"]
        assert file_sha256(finished / name) == entry["sha256"]
    on_disk = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert on_disk == set(manifest["files"]) | {"manifest.json"}


def test_every_file_is_world_readable(finished):
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in finished.rglob("*"))
    assert finished.stat().st_mode & 0o055 == 0o055
    assert not list(finished.rglob("*.lock"))


def test_index_bytes_and_figures_do_not_change_the_version(finished, tmp_path):
    # Two indexes of the same catalogue differ in their bytes.
    index = write_text_index(make_bundle().catalogue, tmp_path / "index")
    again = write_bundle(replace(make_bundle(), figures={"recall@10": 0.2}, sources=("a",)), index, tmp_path / "b")
    assert again.name == finished.name


@pytest.mark.parametrize(
    "change",
    [
        lambda bundle: replace(bundle, weights=Weights(popularity=0.5)),
        lambda bundle: replace(bundle, model_version="ease-other"),
        lambda bundle: replace(bundle, popularity=bundle.popularity * np.float32(2)),
        lambda bundle: replace(bundle, embeddings=None),
        lambda bundle: replace(bundle, embeddings=replace(bundle.embeddings, encoder_id="another")),
        lambda bundle: replace(bundle, catalogue=replace(bundle.catalogue, languages=("en", "fr", "ko"))),
        lambda bundle: replace(
            bundle, catalogue=replace(bundle.catalogue, titles=Strings.of(f"Movie {i}" for i in range(120)))
        ),
    ],
)
def test_any_changed_content_changes_the_version(change, finished, index_dir, tmp_path):
    assert write_bundle(change(make_bundle()), index_dir, tmp_path).name != finished.name


def test_without_vectors_there_are_no_vector_files(index_dir, tmp_path):
    path = write_bundle(make_bundle(vectors=False), index_dir, tmp_path)
    assert open_bundle(path).embeddings is None
    assert not list(path.glob("embeddings*"))


def test_a_catalogue_of_one_film_is_a_valid_bundle(tmp_path):
    bundle = make_bundle(films=1, outside=0)
    path = write_bundle(bundle, write_text_index(bundle.catalogue, tmp_path / "i"), tmp_path / "b")
    assert len(open_bundle(path, verify=True).catalogue) == 1


def test_a_sound_bundle_of_the_same_version_is_kept(index_dir, tmp_path):
    path = write_bundle(make_bundle(), index_dir, tmp_path)
    before = path.stat().st_ino, (path / "manifest.json").stat().st_mtime_ns
    assert write_bundle(make_bundle(), index_dir, tmp_path) == path
    assert (path.stat().st_ino, (path / "manifest.json").stat().st_mtime_ns) == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_damaged_bundle_of_the_same_version_is_replaced(index_dir, tmp_path):
    path = write_bundle(make_bundle(), index_dir, tmp_path)
    (path / "popularity.npy").write_bytes(b"gone")
    assert write_bundle(make_bundle(), index_dir, tmp_path) == path
    open_bundle(path, verify=True)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_failed_write_leaves_no_files(index_dir, tmp_path):
    unwritable = replace(make_bundle(), figures={"ndcg": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        write_bundle(unwritable, index_dir, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_text_index_is_refused(tmp_path):
    with pytest.raises(BundleMissing, match="no text index"):
        write_bundle(make_bundle(), tmp_path / "nowhere", tmp_path / "bundles")


def test_a_hash_collision_is_refused_and_names_both_films(index_dir, tmp_path):
    bundle = make_bundle()
    hashes = bundle.catalogue.hashes.copy()
    hashes[7] = hashes[8]
    rows = bundle.catalogue.hash_rows[7:9]
    with pytest.raises(BundleError, match="40-bit hash") as error:
        write_bundle(replace(bundle, catalogue=replace(bundle.catalogue, hashes=hashes)), index_dir, tmp_path)
    assert all(bundle.catalogue.item_ids[int(row)] in str(error.value) for row in rows)


def test_unsorted_hashes_are_refused(index_dir, tmp_path):
    bundle = make_bundle()
    catalogue = replace(bundle.catalogue, hashes=bundle.catalogue.hashes[::-1].copy())
    with pytest.raises(BundleDamaged, match="not sorted"):
        write_bundle(replace(bundle, catalogue=catalogue), index_dir, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: replace(b, popularity=b.popularity[:-1]), "popularity.npy: length 0 (films) is 119, expected 120"),
        (lambda b: replace(b, popularity=b.popularity.astype(np.float64)), "expected <f4"),
        (lambda b: replace(b, collaborative=replace(b.collaborative, rows=b.collaborative.rows[1:])), "table films"),
        (lambda b: replace(b, embeddings=replace(b.embeddings, mean=b.embeddings.mean[1:])), "vector dims"),
    ],
)
def test_inconsistent_arrays_are_refused_and_leave_no_files(change, message, index_dir, tmp_path):
    with pytest.raises(BundleDamaged) as error:
        write_bundle(change(make_bundle()), index_dir, tmp_path)
    assert message in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_of_a_faster_process_is_accepted(index_dir, tmp_path, monkeypatch):
    path = write_bundle(make_bundle(), index_dir, tmp_path)
    # The other process's folder appears between the check and the rename.
    checks = iter([False])
    monkeypatch.setattr(Path, "exists", lambda self: next(checks, os.path.lexists(self)))
    assert write_bundle(make_bundle(), index_dir, tmp_path) == path
