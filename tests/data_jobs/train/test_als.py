"""Implicit alternating least squares: each step is the best one, and the vectors are found again in a bundle."""

import numpy as np
import pytest
import scipy.sparse as sp

from data_jobs.train import als
from data_jobs.train.params import TrainParams

PARAMS = TrainParams(latent_k=4)


def likes(people: int = 60, films: int = 24, seed: int = 1) -> sp.csr_matrix:
    """Two groups of people and films; likes across are rare."""
    rng = np.random.default_rng(seed)
    same = (np.arange(people) % 2)[:, None] == (np.arange(films) % 2)[None, :]
    liked = rng.random((people, films)) < np.where(same, 0.5, 0.03)
    return sp.csr_matrix(np.where(liked, rng.choice([0.3, 1.0, 1.3], liked.shape), 0), dtype=np.float32)


def loss(weights: np.ndarray, vector: np.ndarray, factors: np.ndarray, ridge: float, unobserved: float) -> float:
    """What one row's vector costs, written out."""
    scores = factors @ vector
    damping = ridge * (weights.sum() + unobserved * len(weights))
    return float(weights @ (1 - scores) ** 2 + unobserved * scores @ scores + damping * vector @ vector)


def test_a_row_is_the_minimum_of_its_loss():
    people, rng = likes(), np.random.default_rng(2)
    factors = rng.normal(0, 1, (24, 4))
    solved = als.solved(people, factors, 0.02, 0.1)
    for row in (0, 7, 31):
        weights = people[row].toarray().ravel()
        least = loss(weights, solved[row], factors, 0.02, 0.1)
        for _ in range(20):
            assert loss(weights, solved[row] + rng.normal(0, 0.1, 4), factors, 0.02, 0.1) > least


def test_batches_change_nothing(monkeypatch):
    people = likes()
    factors = np.random.default_rng(3).normal(0, 1, (24, 4))
    whole = als.solved(people, factors, 0.02, 0.1)
    monkeypatch.setattr(als, "BATCH", 7)
    assert als.solved(people, factors, 0.02, 0.1) == pytest.approx(whole)


def test_nobody_and_nothing_have_zeros():
    people = sp.vstack([likes(), sp.csr_matrix((1, 24), dtype=np.float32)]).tocsr()
    people = sp.hstack([people, sp.csr_matrix((61, 1), dtype=np.float32)]).tocsr()
    assert not als.solved(people, np.ones((25, 4)), 0.02, 0.1)[-1].any()
    assert not als.latent_factors(people, PARAMS)[-1].any()


def test_films_of_one_group_point_the_same_way():
    vectors = als.latent_factors(likes(), PARAMS).astype(float)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = units @ units.T
    same = (np.arange(24) % 2)[:, None] == (np.arange(24) % 2)[None, :]
    assert cosines[same].mean() > cosines[~same].mean() + 0.3


def test_the_taste_is_folded_in_by_the_equations_of_a_typical_person():
    """y.y' of the vectors is v M v', up to the damping of well-known films and one scale."""
    people = likes()
    films = als.item_factors(als._sample(people), 4, 0.02, 0.02)
    events = np.asarray(people.sum(axis=0)).ravel()
    matrix = als._fold_in(films, events, PARAMS)
    damped = films * ((1 + events / 20) ** -0.2)[:, None]
    expected = damped @ matrix @ damped.T
    vectors = als.latent_factors(people, PARAMS).astype(float)
    products = vectors @ vectors.T
    scale = np.sum(products * expected) / np.sum(expected**2)
    assert products == pytest.approx(scale * expected, abs=2e-3 * products.max())


def test_the_longest_vectors_have_length_one(monkeypatch):
    monkeypatch.setattr(als, "LONGEST", 5)
    lengths = np.linalg.norm(als.latent_factors(likes(), PARAMS).astype(float), axis=1)
    assert np.sort(lengths)[-5:].mean() == pytest.approx(1, abs=1e-3)


def test_of_many_people_a_sample_is_taken_and_the_same_every_time(monkeypatch):
    monkeypatch.setattr(als, "MOST_PEOPLE", 20)
    people = likes()
    assert als._sample(people).shape[0] == 20
    one, other = als.latent_factors(people, PARAMS), als.latent_factors(people, PARAMS)
    assert np.array_equal(one, other)


@pytest.mark.parametrize(("people", "k"), [(sp.csr_matrix((3, 24), dtype=np.float32), 4), (likes(), 0)])
def test_without_likes_or_factors_there_are_none(people, k):
    assert als.latent_factors(people, TrainParams(latent_k=k)) is None


def test_progress_is_reported():
    done = []
    als.latent_factors(likes(), PARAMS, done.append)
    assert done == list(range(1, als.PASSES + 1))
