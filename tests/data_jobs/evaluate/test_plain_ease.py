"""Plain EASE against the formula written out, and against the solver used in training."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from data_jobs.evaluate import split
from data_jobs.evaluate.metrics import ndcg, recall
from data_jobs.evaluate.plain_ease import PlainEase, likes_of, tuned_ridge
from data_jobs.evaluate.split import PER_PERSON
from data_jobs.train.ease import solver_for
from tests.data_jobs.evaluate import kit
from tests.data_jobs.train.worlds import equations_of


def matrix(people: int, films: int, seed: int = 0) -> sp.csr_matrix:
    return sp.csr_matrix(np.random.default_rng(seed).random((people, films)) < 0.3, dtype=np.float32)


def written_out(likes: np.ndarray, ridge: float) -> np.ndarray:
    inverse = np.linalg.inv(likes.T @ likes + ridge * np.eye(likes.shape[1]))
    table = -inverse / np.diag(inverse)
    np.fill_diagonal(table, 0)
    return table


shapes = pytest.mark.parametrize(("people", "films"), [(12, 40), (60, 25)], ids=["dual", "primal"])


@shapes
@pytest.mark.parametrize("ridge", [1.0, 50.0])
def test_scores_are_those_of_the_formula(people, films, ridge):
    likes = matrix(people, films)
    expected = likes.toarray() @ written_out(likes.toarray().astype(np.float64), ridge)
    assert PlainEase(likes, ridge).scores(likes) == pytest.approx(expected, abs=2e-4)


@shapes
def test_agrees_with_the_solver_of_the_training(people, films):
    likes = matrix(people, films, seed=4)
    training_scores = solver_for(equations_of(likes)).invert(10.0, 0.0).scores(likes)
    assert PlainEase(likes, 10.0).scores(likes) == pytest.approx(training_scores, abs=2e-4)


@given(st.integers(2, 12), st.integers(2, 12), st.integers(0, 50))
@settings(max_examples=25)
def test_a_film_adds_nothing_to_its_own_score(people, films, seed):
    likes = matrix(people, films, seed)
    alone = sp.identity(films, dtype=np.float32, format="csr")
    assert np.diag(PlainEase(likes, 5.0).scores(alone)) == pytest.approx(np.zeros(films), abs=1e-4)


def test_only_likes_count_and_all_equally():
    likes = likes_of(kit.dataset())
    assert set(likes.weight.tolist()) == {0.0, 1.0}
    assert likes.liked.sum() == split.liked(kit.dataset().events).sum()


class TestLambda:
    def inner(self):
        return [split.draw(kit.dataset(), kind, 0, 5) for kind in PER_PERSON]

    def test_is_one_of_the_grid_and_progress_is_reported(self):
        done = []
        assert tuned_ridge(self.inner(), (1.0, 30.0), done.append) in (1.0, 30.0)
        assert done == [1, 2, 3, 4]

    def test_is_the_best_of_the_grid_by_the_metrics_themselves(self):
        grid, inner = (0.5, 20.0, 1e6), self.inner()
        worth = [sum(by_hand(holdout, ridge) for holdout in inner) for ridge in grid]
        assert tuned_ridge(inner, grid, lambda done: None) == grid[int(np.argmax(worth))]


def by_hand(holdout, ridge: float) -> float:
    """Return the mean Recall@10 + NDCG@10, computed person by person."""
    events, films = holdout.training.events, holdout.training.films
    likes = likes_of(holdout.training).matrix()
    scores, figures = PlainEase(likes, ridge).scores(likes), []
    row_of = {film.item_id: row for row, film in enumerate(films)}
    for user_id, items in holdout.relevant.items():
        code = events.user_ids.index(user_id)
        own_scores = scores[code].copy()
        own_scores[events.film[events.user == code]] = -np.inf
        ranked, expected = np.argsort(-own_scores)[:10], np.array([row_of[item] for item in items])
        figures.append(recall(ranked, expected) + ndcg(ranked, expected, 10))
    return float(np.mean(figures))
