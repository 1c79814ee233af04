"""A prior on the item-item matrix: the closed form is the minimum, and its ends are EASE and the prior."""

import numpy as np
import pytest

from data_jobs.train.prior import inverted, text_weights, with_prior

FILMS = 7


@pytest.fixture
def world():
    rng = np.random.default_rng(1)
    people = (rng.random((30, FILMS)) < 0.4).astype(np.float32)
    vectors = rng.normal(0, 1, (FILMS, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return people, people.T @ people, np.linspace(1, 3, FILMS).astype(np.float32), text_weights(vectors, 0.7)


def loss(weights, people, penalty, prior, strength):
    fit = ((people - people @ weights) ** 2).sum()
    return fit + (penalty[:, None] * weights**2).sum() + strength * ((weights - prior) ** 2).sum()


def test_no_other_matrix_with_a_zero_diagonal_is_better(world):
    people, gram, penalty, prior = world
    best = with_prior(inverted(gram, penalty, 5.0), prior, 5.0).astype(np.float64)
    assert not np.diagonal(best).any()
    least = loss(best, people, penalty, prior, 5.0)
    for seed in range(20):
        step = np.random.default_rng(seed).normal(0, 1, best.shape)
        np.fill_diagonal(step, 0)
        for size in (1e-2, -1e-2):
            assert loss(best + size * step, people, penalty, prior, 5.0) > least


def test_without_strength_it_is_ease(world):
    _, gram, penalty, prior = world
    inverse = np.linalg.inv(gram + np.diag(penalty))
    ease = -inverse / np.diagonal(inverse)
    np.fill_diagonal(ease, 0)
    for text_prior in (prior, None):
        assert with_prior(inverted(gram, penalty, 0.0), text_prior, 0.0) == pytest.approx(ease, abs=1e-5)


def test_with_very_large_strength_it_is_the_prior(world):
    _, gram, penalty, prior = world
    assert with_prior(inverted(gram, penalty, 1e7), prior, 1e7) == pytest.approx(prior, abs=1e-3)


def test_the_prior_is_ease_over_the_numbers_of_the_vectors():
    vectors = np.random.default_rng(2).normal(0, 1, (FILMS, 3)).astype(np.float32)
    inverse = np.linalg.inv(vectors @ vectors.T + 0.7 * np.eye(FILMS))
    expected = -inverse / np.diagonal(inverse)
    np.fill_diagonal(expected, 0)
    assert text_weights(vectors, 0.7) == pytest.approx(expected, abs=1e-4)


def test_a_film_without_a_text_has_no_prior():
    vectors = np.eye(4, 3, dtype=np.float32)
    vectors[3] = 0
    weights = text_weights(vectors + np.roll(vectors, 1, axis=0) * np.array([1, 1, 1, 0])[:, None], 1.0)
    assert not weights[3].any()
    assert not weights[:, 3].any()
