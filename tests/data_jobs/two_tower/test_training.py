"""The towers on made-up data: they learn, are reproducible, resume after interruptions, and agree with numpy."""

import io
import json
import tarfile
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from data_jobs.build import Order
from data_jobs.report import DataError, Silent
from data_jobs.train import TrainingError
from data_jobs.two_tower.features import features_of
from data_jobs.two_tower.files import TowerFile, exported, read_towers, write_all
from data_jobs.two_tower.params import Loss, TowerParams
from services.recommender.domain.profile import mark_of
from tests.builders import make_catalogue
from tests.data_jobs.evaluate.kit import Listening, dataset
from tests.data_jobs.two_tower.kit import Lazy, interactions, needs_torch

pytestmark = needs_torch
torch, training = Lazy("torch"), Lazy("data_jobs.two_tower.training")

SMALL = {"dims": 8, "hidden": 8, "batch": 128, "rate": 0.01, "extra": 32, "candidates": 8}
FILMS = dataset().films
ITEM_IDS = [film.item_id for film in FILMS]


def params(loss=Loss.SOFTMAX, **overrides):
    return TowerParams.of(loss, **{**SMALL, "epochs": 3, **overrides})


def train(parameters, folder=None, progress=None):
    return training.train_towers(interactions(), features_of(FILMS), parameters, progress or Silent(), folder)


@pytest.fixture(scope="module")
def trained():
    return train(params(epochs=6))


def states_agree(first, second):
    pairs = zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True)
    return all(torch.equal(*pair) for pair in pairs)


def test_numpy_agrees_with_the_model_to_the_fifth_digit(trained):
    towers = exported(trained, ITEM_IDS).towers
    rng = np.random.default_rng(0)
    for count in (1, 2, 7, 40):
        rows = rng.choice(len(FILMS), count, replace=False).astype(np.int32)
        weights = rng.choice([0.3, 1.0, 1.3], count).astype(np.float32)
        with torch.no_grad():
            pooled = trained.model.pooled(
                torch.from_numpy(rows).long(), torch.zeros(1).long(), torch.from_numpy(weights)
            )
            unknown_person = torch.tensor([trained.model.unknown_person])
            person = trained.model.person_vectors(pooled, torch.tensor([weights.sum()]), unknown_person)
            films = torch.arange(len(FILMS))
            is_known = torch.from_numpy(trained.is_known.astype(np.float32))
            items = trained.model.item_vectors(films, trained.content, is_known)
            bias = trained.model.item_bias.weight[:, 0] * is_known
            expected = trained.model.scores(person, items, bias)[0].numpy()
        assert np.abs(towers.person(rows, weights)[:-1] - person[0].numpy()).max() < 1e-5
        assert np.abs(towers.scores(towers.person(rows, weights)) - expected).max() < 1e-5


@pytest.mark.parametrize("loss", list(Loss))
def test_each_loss_learns_which_school_a_person_likes(loss):
    result = train(params(loss, epochs=8))
    towers = exported(result, ITEM_IDS).towers
    for school in range(3):
        rows = np.arange(school, 30, 3, dtype=np.int32)
        scores = towers.scores(towers.person(rows, np.ones(len(rows), np.float32)))
        scores[rows] = -np.inf
        best = np.argsort(-scores)[:10]
        assert np.mean(best % 3 == school) >= 0.8
    assert result.curve.judged[-1].loss < result.curve.judged[0].loss


def test_the_model_is_reproducible_by_seed():
    first, second, other_seed = (train(params(epochs=1, seed=seed)) for seed in (3, 3, 4))
    assert states_agree(first, second)
    assert not states_agree(first, other_seed)


@pytest.mark.parametrize("stop", [2, 4])
def test_an_interrupted_training_resumes_to_the_same_model(tmp_path, monkeypatch, stop):
    """Stop in the epochs with validation, and in those on all likes."""
    parameters = params(epochs=2, patience=2)
    uninterrupted = train(parameters)
    epochs = 0
    run_epoch = training._Run.epoch

    def stop_at(self, number, most):
        nonlocal epochs
        epochs += 1
        if epochs == stop:
            raise KeyboardInterrupt
        return run_epoch(self, number, most)

    with monkeypatch.context() as patched:
        patched.setattr(training._Run, "epoch", stop_at)
        if stop <= 2 + uninterrupted.curve.best.number:
            with pytest.raises(KeyboardInterrupt):
                train(parameters, tmp_path)
        else:
            train(parameters, tmp_path)
    resumed = train(parameters, tmp_path)
    assert resumed.resumed >= min(stop - 1, 2)
    assert states_agree(resumed, uninterrupted)
    assert resumed.curve == uninterrupted.curve


@pytest.mark.parametrize("damage", ["other parameters", "cut short"])
def test_an_unusable_checkpoint_is_ignored(tmp_path, damage):
    train(params(epochs=1), tmp_path)
    checkpoint = tmp_path / training.CHECKPOINT
    if damage == "cut short":
        checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    seed = 0 if damage == "cut short" else 1
    assert train(params(epochs=1, seed=seed), tmp_path).resumed == 0


def test_progress_shows_epoch_loss_and_validation():
    heard = Listening()
    done = train(params(epochs=2, patience=2), progress=heard)
    first = done.curve.judged[0]
    steps = {step for step, _, _ in heard.heard}
    assert "two towers, softmax, epoch 1 of 2" in steps
    assert f"two towers, softmax, epoch 2 of 2 (previous: loss {first.loss:.3f}, Recall@10 {first.recall:.3f})" in steps
    assert all(done <= total for _, done, total in heard.heard)


def test_it_stops_early_and_trains_the_best_number_of_epochs_on_all_likes(monkeypatch):
    worths = iter([0.1, 0.3, 0.2, 0.25, 0.9])
    monkeypatch.setattr("data_jobs.two_tower.training.figures", lambda *_: (next(worths), 0.0))
    result = train(params(epochs=9, patience=2))
    assert [epoch.recall for epoch in result.curve.judged] == [0.1, 0.3, 0.2, 0.25]
    assert len(result.curve.whole) == result.curve.best.number == 2


def test_too_few_people_are_refused():
    few = interactions()
    few = few.take(few.person < 10)
    with pytest.raises(TrainingError, match="only 10 people have 5 likes or more: at least 20"):
        training.train_towers(few, features_of(FILMS), params(), Silent())


def test_the_number_of_threads_is_restored():
    before = torch.get_num_threads()
    train(params(epochs=1))
    assert torch.get_num_threads() == before


@pytest.fixture(scope="module")
def written(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two_tower")
    return folder, write_all(trained, features_of(FILMS), ITEM_IDS, dataset().events.user_ids, folder)


def test_written_files_are_read_again(written):
    folder, towers = written
    read_back = read_towers(folder)
    assert (read_back.version, read_back.item_ids) == (towers.version, tuple(ITEM_IDS))
    for name in ("items", "history", "inner", "inner_bias", "outer", "outer_bias"):
        assert np.array_equal(getattr(read_back.towers, name), getattr(towers.towers, name))
    report = json.loads((folder / "report.json").read_text())
    assert report["model_version"] == towers.version
    assert report["best"]["recall"] == max(epoch["recall"] for epoch in report["judged"])
    assert ET.fromstring((folder / "curve.svg").read_text()).get("role") == "img"


def test_the_archive_has_model_code_and_encoders_but_no_ids_of_people(written, trained):
    folder, towers = written
    with tarfile.open(folder / "model.tar.gz") as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive.getmembers()}
    assert {"model.pth", "item_encoder.json", "user_encoder.json", "content.npy", "known.npy", "manifest.json"} | {
        f"code/{name}" for name in ("inference.py", "towers.py", "serve.py", "requirements.txt")
    } == set(files)
    assert json.loads(files["item_encoder.json"]) == ITEM_IDS
    people = json.loads(files["user_encoder.json"])
    assert people == [mark_of(user_id) for user_id in dataset().events.user_ids]
    assert not any(b"viewer-" in content for content in files.values())
    manifest = json.loads(files["manifest.json"])
    assert (manifest["model_version"], len(manifest["features"])) == (towers.version, trained.content.shape[1])
    assert torch.load(io.BytesIO(files["model.pth"]), weights_only=True)["shape"] == trained.model.shape


def test_the_same_model_makes_the_same_archive(written, trained, tmp_path):
    folder, _ = written
    write_all(trained, features_of(FILMS), ITEM_IDS, dataset().events.user_ids, tmp_path)
    packed = [json.loads(json.dumps(_members(path / "model.tar.gz"))) for path in (folder, tmp_path)]
    assert packed[0] == packed[1]


def _members(path):
    with tarfile.open(path) as archive:
        return [(member.name, member.size, member.mtime, member.mode) for member in archive.getmembers()]


def test_films_are_placed_on_their_rows_and_unknown_ones_are_zero(trained):
    file = exported(trained, ITEM_IDS)
    catalogue = make_catalogue(5)
    renamed = TowerFile(file.version, ("f3", "f0", *ITEM_IDS[2:]), file.towers)
    placed = renamed.on(catalogue)
    assert np.array_equal(placed.items[[3, 0]], file.towers.items[:2])
    assert np.flatnonzero(placed.is_known).tolist() == [0, 3]


def test_without_a_training_the_error_suggests_one(tmp_path):
    with pytest.raises(DataError, match="marquee train two-tower"):
        read_towers(tmp_path)
    (tmp_path / "two_tower.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="train it again"):
        read_towers(tmp_path)
    assert Lazy("data_jobs.two_tower.order").genome_of(Order(tmp_path)) is None
