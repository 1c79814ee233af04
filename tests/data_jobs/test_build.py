"""The whole offline path on the sample catalogue, with an encoder that costs nothing."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from data_jobs.build import Order, build, fingerprint, read_params
from data_jobs.report import DataError, Silent
from data_jobs.sample.load import load_sample
from data_jobs.validate import Source
from services.adapters.bundle.local import LocalBundles
from services.adapters.bundle.manifest import Manifest
from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.profile import mark_of
from services.recommender.errors import EncoderUnavailable
from services.recommender.ports import Deadline, LoggedEvent


class Letters:
    """An encoder of 26 numbers: how often each letter occurs."""

    encoder_id = "letters"
    dims = 26

    def __init__(self) -> None:
        self.texts = 0

    def encode(self, texts: Sequence[str], deadline: Deadline | None = None) -> NDArray[np.float32]:
        self.texts += len(texts)
        counts = np.array([[1 + text.lower().count(chr(97 + at)) for at in range(26)] for text in texts], np.float32)
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), np.float32)


class StepLog:
    def __init__(self) -> None:
        self.steps: list[str] = []

    def advance(self, step: str, done: int, total: int | None) -> None:
        self.steps.append(step)


def version_of(order: Order) -> str:
    return build(order, Silent()).version


def test_files_become_a_bundle_and_tables_for_other_tools(tmp_path: Path) -> None:
    encoder, progress = Letters(), StepLog()
    built = build(Order(home=tmp_path, encoder=encoder), progress)
    bundle = LocalBundles(tmp_path).verify(built.version)
    films = len(built.dataset.films)
    assert len(bundle.catalogue) == films >= 250
    assert bundle.embeddings is not None
    assert bundle.embeddings.encoder_id == "letters"
    assert bundle.nearest is not None
    assert bundle.nearest.rows[:, 0].tolist() == list(range(films))
    assert "finding the nearest films" in progress.steps
    assert LocalBundles(tmp_path).pointer().version == built.version
    items = pl.read_parquet(tmp_path / "features" / "items.parquet")
    vectors = pl.read_parquet(tmp_path / "features" / "item_embeddings.parquet")
    assert items.height == vectors.height == films
    assert vectors.columns == ["item_id", "text", "vector"]
    assert set(built.seconds) == {"validate", "items", "embed", "train", "bundle"}
    assert built.size > 100_000
    assert {"embedding texts", "writing the bundle"} <= set(progress.steps)
    assert any("simulated" in source for source in bundle.sources)


def test_the_svd_of_the_ratings_is_in_the_bundle_and_in_a_file_for_other_tools(tmp_path: Path) -> None:
    order = Order(home=tmp_path, svd_k=12)
    built = build(order, Silent())
    bundle, path = LocalBundles(tmp_path).verify(built.version), tmp_path / "features" / "svd_runtime_data.npz"
    assert bundle.svd is not None
    assert bundle.svd.units.shape == (len(bundle.catalogue), 12)
    with np.load(path, allow_pickle=False) as arrays:
        assert arrays["item_ids"].tolist() == list(bundle.catalogue.item_ids)
        assert arrays["factors"].shape == bundle.svd.units.shape
    assert fingerprint(order) != fingerprint(replace(order, svd_k=None))
    without = build(replace(order, svd_k=0), Silent())
    assert LocalBundles(tmp_path).verify(without.version).svd is None
    assert not path.exists()
    assert not any("SVD" in note for note in built.notes + without.notes)


def test_same_input_same_version_and_texts_are_embedded_once(tmp_path: Path) -> None:
    first, second = Letters(), Letters()
    version = version_of(Order(home=tmp_path, encoder=first))
    assert version_of(Order(home=tmp_path, encoder=second)) == version
    assert first.texts > 0
    assert second.texts == 0
    assert version_of(Order(home=tmp_path / "other", encoder=Letters())) == version


def test_not_activated(tmp_path: Path) -> None:
    active = version_of(Order(home=tmp_path))
    params = tmp_path / "params.json"
    params.write_text(json.dumps({"weights": {"traits": 0.0}}))
    inactive = version_of(Order(home=tmp_path, params=params, activate=False))
    assert inactive != active
    assert LocalBundles(tmp_path).pointer().version == active
    assert LocalBundles(tmp_path).verify(inactive).weights.traits == 0.0


def test_the_manifest_names_what_the_bundle_was_made_from(tmp_path: Path) -> None:
    order = Order(home=tmp_path)
    built = build(order, Silent())
    extra = Manifest.load(built.path).extra
    assert extra["inputs"] == fingerprint(order)
    assert extra["params"]["ridge"] > 0
    assert extra["training"]


def test_feedback_becomes_training_data_and_erased_people_are_left_out(tmp_path: Path) -> None:
    dataset, _ = load_sample()
    plain = build(Order(home=tmp_path), Silent())
    film = dataset.films[0].item_id
    log = [LoggedEvent("1", "ann", Event(film, EventKind.LIKE, 1.0, 1_700_000_000_000))]
    joined = build(Order(home=tmp_path, log=log), Silent())
    assert joined.version != plain.version
    assert "ann" in joined.dataset.events.user_ids
    assert any("1 events of the state store" in note for note in joined.notes)
    erased_user = dataset.events.user_ids[0]
    erased = build(Order(home=tmp_path, log=iter(log), erased={mark_of(erased_user)}), Silent())
    assert erased_user not in erased.dataset.events.user_ids
    assert any("erased" in note for note in erased.notes)


def test_a_holdout_is_left_out_of_the_training(tmp_path: Path) -> None:
    dataset, _ = load_sample()
    events = dataset.events
    holdout = tmp_path / "holdout.csv"
    film = dataset.films[int(events.film[0])].item_id
    holdout.write_text(f"userId,movieId,kind\n{events.user_ids[int(events.user[0])]},{film},positive\n")
    built = build(Order(home=tmp_path, holdout=holdout), Silent())
    assert len(built.dataset.events) == len(events) - 1


def test_an_encoder_that_fails_leaves_no_bundle(tmp_path: Path) -> None:
    class Broken(Letters):
        def encode(self, texts: Sequence[str], deadline: Deadline | None = None) -> NDArray[np.float32]:
            raise EncoderUnavailable("no model")

    with pytest.raises(EncoderUnavailable):
        build(Order(home=tmp_path, encoder=Broken()), Silent())
    assert not (tmp_path / "bundles").exists()
    assert not (tmp_path / "current.json").exists()


def own_catalogue(folder: Path, films: int = 40) -> Path:
    path = folder / "films.jsonl"
    rows = [{"item_id": f"f{n}", "title": f"Film {n}", "year": 1980 + n, "genres": ["Drama"]} for n in range(films)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_catalogue_without_any_people(tmp_path: Path) -> None:
    source = Source(catalogue=(own_catalogue(tmp_path),))
    built = build(Order(home=tmp_path, source=source), Silent())
    assert len(built.dataset.films) == 40
    assert built.dataset.events.user_ids == ()


def test_data_with_many_wrong_rows_is_refused_unless_forced(tmp_path: Path) -> None:
    films = own_catalogue(tmp_path)
    films.write_text(films.read_text() + '{"item_id": "x"}\n' * 5)
    order = Order(home=tmp_path, source=Source(catalogue=(films,)))
    with pytest.raises(DataError, match="rows are errors"):
        build(order, Silent())
    assert build(replace(order, force=True), Silent()).version


def test_two_broken_rows_of_a_short_dump_are_left_out_and_counted(tmp_path: Path) -> None:
    dump = Path(__file__).parents[1] / "data" / "cases" / "F07" / "kaggle"
    built = build(Order(home=tmp_path, source=Source(paths=(dump,))), Silent())
    assert len(built.dataset.films) == 40
    assert built.report.counts["missing-value"] + built.report.counts["bad-id"] == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "not usable as parameters"),
        ("[]", "expected"),
        ('{"tuning": {}}', "expected"),
        ('{"train": {"rigde": 1}}', "unknown training parameter 'rigde'"),
        ('{"train": {"dropout": 1}}', "dropout must be"),
        ('{"weights": {"traits": "much"}}', "must be a number"),
    ],
)
def test_wrong_parameters_are_named(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "params.json"
    path.write_text(content)
    with pytest.raises(DataError, match=expected):
        read_params(path)
    with pytest.raises(DataError, match="No such file"):
        read_params(tmp_path / "nowhere.json")


def test_the_fingerprint_changes_with_content_not_with_time(tmp_path: Path) -> None:
    films = own_catalogue(tmp_path)
    order = Order(home=tmp_path, source=Source(catalogue=(films,)))
    before = fingerprint(order)
    os.utime(films, (1, 1))
    assert fingerprint(order) == before
    assert fingerprint(replace(order, encoder=Letters())) != before
    films.write_text(films.read_text().replace("Film 1", "Film one"))
    assert fingerprint(order) != before


@pytest.mark.parametrize("name", ["movies.dat", "ratings.dat", "u.item", "u.data", "films.zip", "deeper/events.jsonl"])
def test_the_fingerprint_covers_every_file_of_a_folder_that_is_named(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "data"
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"1::Heat (1995)::Crime\n")
    for source in (Source(paths=(folder,)), Source(movielens=folder), Source(paths=(file,))):
        order = Order(home=tmp_path, source=source)
        before = fingerprint(order)
        file.write_bytes(b"1::Heat (1995)::Drama\n")
        assert fingerprint(order) != before
        file.write_bytes(b"1::Heat (1995)::Crime\n")
        assert fingerprint(order) == before


def test_the_fingerprint_changes_with_a_file_that_is_added_not_with_the_folder_it_is_in(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    order = Order(home=tmp_path, source=Source(paths=(tmp_path / "data",)))
    file = tmp_path / "data" / "a" / "u.data"
    file.write_bytes(b"1")
    before = fingerprint(order)
    (tmp_path / "data" / "z.dat").write_bytes(b"2")
    added = fingerprint(order)
    (tmp_path / "data" / "z.dat").unlink()
    file.rename(tmp_path / "data" / "b" / "u.data")
    assert added != before
    # Where a file lies does not change what it is taken for.
    assert fingerprint(order) == before
