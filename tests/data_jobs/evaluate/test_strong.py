"""Strong generalisation: the split, the figures by hand, and the whole measurement."""

import csv
import json

import numpy as np
import pytest
import scipy.sparse as sp

from data_jobs.evaluate.evaluation import PIPELINE, EvaluationOrder
from data_jobs.evaluate.split import liked, without
from data_jobs.evaluate.strong import PUBLISHED, HeldOutPeople, figures_of, ranked, split_people, strong, write
from data_jobs.report import DataError
from data_jobs.validate import Source
from services.cli.main import main
from tests.data_jobs.evaluate import kit
from tests.data_jobs.train.worlds import two_camps
from tests.movielens_layout import write_movielens


def crowd():
    return two_camps(people=120)


def test_the_three_sets_of_people_are_disjoint():
    data = crowd()
    parts = split_people(data, 0)
    validation, test = set(parts.validation.codes.tolist()), set(parts.test.codes.tolist())
    assert len(validation) == len(test) == 12
    assert not validation & test
    assert set(np.flatnonzero(parts.held_out).tolist()) == validation | test
    training = without(data, parts.held_out[data.events.user])
    assert parts.likes.shape[0] == len(set(training.events.user.tolist())) == 96
    assert parts.likes.sum() == liked(training.events).sum()


def test_a_fifth_of_the_likes_is_hidden_and_the_rest_known():
    data = crowd()
    part = split_people(data, 0).test
    is_like = liked(data.events)
    for row, code in enumerate(part.codes.tolist()):
        known_likes, hidden_likes = (
            set(part.known_likes[row].indices.tolist()),
            set(part.hidden_likes[row].indices.tolist()),
        )
        likes = data.events.film[(data.events.user == code) & is_like]
        assert not known_likes & hidden_likes
        assert known_likes | hidden_likes == set(likes.tolist())
        assert len(hidden_likes) == len(likes) // 5
        assert set(data.events.film[part.events[row]].tolist()) == known_likes


def test_another_seed_is_another_split_and_the_same_is_the_same():
    first, again, other = (split_people(crowd(), seed).test for seed in (1, 1, 2))
    assert first.codes.tolist() == again.codes.tolist() != other.codes.tolist()
    assert (first.hidden_likes != again.hidden_likes).nnz == 0


def test_likes_of_films_outside_the_training_are_left_out():
    data = crowd()
    parts = split_people(data, 0)
    is_trained = np.asarray(parts.likes.sum(axis=0)).ravel() > 0
    assert parts.films == is_trained.sum()
    for part in (parts.validation, parts.test):
        assert is_trained[part.hidden_likes.indices].all()
        assert is_trained[part.known_likes.indices].all()


def test_too_few_people_are_refused():
    with pytest.raises(DataError, match="5 likes or more"):
        split_people(without(crowd(), np.arange(len(crowd().events)) > 100), 0)


def test_the_figures_by_hand():
    # Of three hidden films, the list has one at rank 1 and one at rank 30; it ends after 40.
    best = np.full((1, 100), -1)
    best[0, :40] = np.arange(40) + 100
    hidden = sp.csr_matrix((np.ones(3, np.float32), ([0, 0, 0], [100, 129, 7])), shape=(1, 300))
    recall_20, recall_50, ndcg = figures_of(best, hidden)[:, 0]
    assert (recall_20, recall_50) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert ndcg == pytest.approx((1 + 1 / np.log2(31)) / (1 + 1 / np.log2(3) + 1 / np.log2(4)))


def test_recall_divides_by_at_most_k():
    hidden = sp.csr_matrix(np.ones((1, 30), np.float32))
    best = np.arange(100)[None, :] % 30
    assert figures_of(best[:, :20], hidden)[0, 0] == 1


def test_folded_in_likes_are_not_recommended():
    likes = sp.csr_matrix(np.array([[1, 0, 1, 0, 0]], np.float32))
    people = HeldOutPeople(np.array([0]), likes, likes, [])
    best = ranked(
        lambda some: np.tile(np.array([9, 1, 8], np.float32), (some.shape[0], 1)), people, np.array([0, 1, 4])
    )
    assert best[0, :3].tolist() == [4, 1, -1]


@pytest.fixture(scope="module")
def movielens(tmp_path_factory):
    folder = tmp_path_factory.mktemp("movielens")
    write_movielens(crowd(), folder)
    (folder / "tags.csv").unlink(missing_ok=True)
    return folder


def test_personal_models_find_more_than_popularity(movielens, tmp_path):
    result = strong(EvaluationOrder(tmp_path, Source(movielens=movielens)), kit.Listening())
    by_name = {row.model: row for row in result.models}
    assert list(by_name) == ["popularity", "plain EASE", PIPELINE]
    for name in ("plain EASE", PIPELINE):
        assert by_name[name].ndcg_100.mean > by_name["popularity"].ndcg_100.mean
    assert all(row.recall_20.n == result.measured == 12 for row in result.models)
    measured, published = result.tables()
    assert len(measured.rows) == 3
    assert len(published.rows) == len(PUBLISHED)
    document, table = write(result, tmp_path / "out")
    assert json.loads(document.read_text())["published_ml_20m"]["EASE (Steck 2019)"]["NDCG@100"] == 0.42
    assert len(list(csv.reader(table.read_text().splitlines()))) == 1 + 9


def test_the_command(movielens, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MARQUEE_HOME", str(tmp_path))
    command = [
        "evaluate",
        "--encoder",
        "none",
        "--movielens",
        str(movielens),
        "--strong",
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "trained on 96 people, tested on 12 others" in said
    assert "Mult-VAE (Liang 2018)" in said
    for other in (["--split", "time"], ["--panel"], ["--compare", "default", "svd"]):
        assert main([*command, *other]) == 2
