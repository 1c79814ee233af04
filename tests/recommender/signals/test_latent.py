"""Latent factors: films in the direction of the taste, whatever its length."""

from dataclasses import replace

import numpy as np
import pytest

from services.recommender.domain.request import Strategy
from services.recommender.signals.collaborative import Latent
from services.recommender.signals.plan import Plan
from services.recommender.signals.signal import LeftOut
from services.recommender.taste.fold_in import Taste
from tests.builders import make_bundle
from tests.recommender.worlds import make_inputs

BUNDLE = make_bundle(60, outside=6)
PLAN = Plan(Strategy.PERSONAL, latent=2.0)
ROWS = np.arange(60, dtype=np.int32)
LIKED = np.array([3, 7, 12], np.int32)


def latent_of(liked=LIKED, bundle=BUNDLE, plan=PLAN) -> Latent | None:
    return Latent.of(make_inputs(Taste.of_films(liked), bundle, plan=plan))


def plain(liked, weights, row) -> float:
    """The formula, film by film."""
    vectors = BUNDLE.collaborative.at(BUNDLE.latent, ROWS).astype(float)
    direction = sum(weight * vectors[film] for film, weight in zip(liked, weights, strict=True))
    return 2.0 * float(direction @ vectors[row]) / np.linalg.norm(direction)


def test_the_score_is_the_product_with_the_tastes_direction():
    signal = latent_of()
    expected = [plain(LIKED, signal.weights, row) for row in ROWS]
    assert signal.scores(ROWS) == pytest.approx(expected, abs=1e-4)


def test_what_the_films_add_is_the_score():
    signal = latent_of()
    assert signal.contributions(ROWS).sum(axis=0) == pytest.approx(signal.scores(ROWS), abs=1e-4)


def test_without_a_film_is_the_score_of_the_others():
    signal = latent_of()
    change = np.zeros((1, 1), np.float32) - signal.weights[1]
    left_out = LeftOut(np.array([1], np.int32), np.array([1], np.int32), change)
    [without] = signal.without(ROWS, left_out)
    expected = [plain(LIKED[[0, 2]], signal.weights[[0, 2]], row) for row in ROWS]
    assert without == pytest.approx(expected, abs=1e-4)


def test_without_the_only_film_nothing_is_left_but_no_rounding():
    signal = latent_of(LIKED[:1])
    left_out = LeftOut(np.zeros(1, np.int32), np.zeros(1, np.int32), -signal.weights[None, :] * np.float32(1 - 1e-7))
    assert not signal.without(ROWS, left_out).any()


def test_a_film_outside_the_tables_has_the_vectors_of_its_neighbours():
    tables = BUNDLE.collaborative
    film = tables.outside[:1]
    [vector] = tables.at(BUNDLE.latent, film)
    neighbours, weights = tables.neighbours[:, 0].astype(np.int32), tables.neighbour_weights[:, 0]
    assert vector == pytest.approx(weights @ BUNDLE.latent[neighbours].astype(float), abs=1e-5)


def test_a_film_that_borrows_from_nobody_has_none():
    tables = replace(
        BUNDLE.collaborative,
        outside=np.zeros(0, np.int32),
        neighbours=np.zeros((2, 0), np.uint16),
        neighbour_weights=np.zeros((2, 0), np.float32),
    )
    assert not tables.at(BUNDLE.latent, BUNDLE.collaborative.outside).any()


def test_a_bundle_without_factors_and_a_plan_without_weight_have_no_signal():
    assert latent_of(bundle=replace(BUNDLE, latent=None)) is None
    assert latent_of(plan=replace(PLAN, latent=0.0)) is None


def test_a_taste_that_points_nowhere_moves_nothing():
    empty = replace(BUNDLE, latent=np.zeros_like(BUNDLE.latent))
    signal = latent_of(bundle=empty)
    assert not signal.scores(ROWS).any()
    assert not signal.contributions(ROWS).any()
