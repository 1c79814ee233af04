"""Compressed ELSA in numpy."""

import numpy as np
import pytest
import scipy.sparse as sp

from data_jobs.evaluate.trials import elsa


@pytest.fixture
def people():
    rng = np.random.default_rng(6)
    taste = np.arange(80)[:, None] % 2 == np.arange(30) % 2
    return sp.csr_matrix((rng.random((80, 30)) < np.where(taste, 0.5, 0.05)).astype(np.float32))


def loss(batch, weights):
    unit = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    predicted = np.maximum(batch @ unit @ unit.T - batch, 0)
    direction = predicted / np.linalg.norm(predicted, axis=1, keepdims=True)
    target = batch / np.linalg.norm(batch, axis=1, keepdims=True)
    return ((direction - target) ** 2).sum(axis=1).mean()


def test_the_gradient_is_that_of_the_loss(people):
    batch = people[:20].toarray().astype(np.float64)
    weights = np.random.default_rng(7).normal(size=(30, 4))
    gradient = elsa._gradient(batch, weights)
    for at in [(0, 0), (3, 2), (17, 1), (29, 3)]:
        moved = [weights.copy(), weights.copy()]
        moved[0][at] += 1e-5
        moved[1][at] -= 1e-5
        assert gradient[at] == pytest.approx((loss(batch, moved[0]) - loss(batch, moved[1])) / 2e-5, rel=1e-3, abs=1e-6)


def test_rows_keep_so_many_numbers_and_have_length_one(people):
    for size, unit in elsa.compressed(people, 8, (8, 4, 2), seed=0):
        assert (np.count_nonzero(unit, axis=1) <= size).all()
        assert np.linalg.norm(unit, axis=1) == pytest.approx(1, abs=1e-5)


def test_films_of_one_taste_end_up_alike(people):
    for _, unit in elsa.compressed(people, 8, (8, 4), seed=0):
        alike = unit @ unit.T
        same = np.add.outer(np.arange(30), np.arange(30)) % 2 == 0
        np.fill_diagonal(alike, np.nan)
        assert np.nanmean(alike[same]) > np.nanmean(alike[~same]) + 0.2
