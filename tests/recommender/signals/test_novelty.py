"""Novelty: unrated films score by their text, and the more events a film has, the less its text counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals import Inputs
from services.recommender.signals.content import Novelty
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of, without_film
from tests.recommender.worlds import make_inputs

LIKED, NEW, OPPOSITE, RATED_TWICE, KNOWN, NO_TEXT = range(6)
FILMS = [
    Film(vector=(5, 0), events=100),
    Film(vector=(4, 3), events=0),
    Film(vector=(-5, 0), events=0),
    Film(vector=(4, 3), events=2),
    Film(vector=(4, 3), events=100),
    Film(events=0),
]
BUNDLE = bundle_of(FILMS)
EVERY = np.arange(len(FILMS), dtype=np.int32)


def inputs_of(taste: Taste, weight: float = 1.0, constants: Weights = EVEN, bundle=BUNDLE) -> Inputs:
    return make_inputs(taste, bundle, constants, Plan(Strategy.PERSONAL, novelty=weight))


def scores(taste: Taste, weight: float = 1.0, bundle=BUNDLE) -> list[float]:
    return Novelty.of(inputs_of(taste, weight, bundle=bundle)).scores(EVERY).tolist()


def test_an_unrated_film_scores_its_cosine_with_the_taste():
    assert scores(taste_of([LIKED]), weight=2.0)[NEW] == pytest.approx(1.6)


def test_each_event_reduces_the_score():
    result = scores(taste_of([LIKED]))
    assert result[RATED_TWICE] == pytest.approx(0.8 / np.e, rel=1e-5)
    assert result[KNOWN] == 0


@pytest.mark.parametrize(("events", "counts"), [(7, True), (8, False)])
def test_from_eight_events_on_the_score_is_zero(events, counts):
    bundle = bundle_of([Film(vector=(5, 0)), Film(vector=(5, 0), events=events), *[Film()] * 4])
    expected = np.exp(-events / 2) if counts else 0.0
    assert scores(taste_of([0]), bundle=bundle)[1] == pytest.approx(expected, rel=1e-4)


def test_a_negative_cosine_scores_zero():
    assert scores(taste_of([LIKED]))[OPPOSITE] == 0


def test_a_film_without_a_vector_scores_zero():
    assert scores(taste_of([LIKED]))[NO_TEXT] == 0


def test_the_taste_is_the_weighted_mean_direction_of_its_films():
    # (1, 0) + .5 (0, 1), of length sqrt 1.25, times (.8, .6).
    bundle = bundle_of([Film(vector=(5, 0)), Film(vector=(4, 3), events=0), Film(vector=(0, 5)), *[Film()] * 3])
    result = scores(taste_of([0, 2], base=[1.0, 0.5]), bundle=bundle)
    assert result[1] == pytest.approx((0.8 + 0.5 * 0.6) / 1.25**0.5, rel=1e-5)


def test_a_taste_whose_vectors_cancel_out_scores_zero():
    # Powers of two: the sum is exactly zero whether or not the machine fuses multiplication and addition.
    vectors = [(4, 0), (4, 4), (-4, 0), (0, 4), (2, 0), (-2, 0)]
    bundle = bundle_of([Film(vector=vector, events=0) for vector in vectors])
    signal = Novelty.of(inputs_of(taste_of([0, 2]), bundle=bundle))
    assert signal.scores(EVERY).tolist() == [0] * 6
    assert np.isfinite(signal.contributions(EVERY)).all()


def test_is_missing_without_a_weight_or_vectors():
    assert Novelty.of(inputs_of(taste_of([LIKED]), weight=0.0)) is None
    assert Novelty.of(inputs_of(taste_of([LIKED]), bundle=bundle_of([Film()] * 6))) is None


def test_there_are_no_contributions_if_no_film_is_new():
    signal = Novelty.of(inputs_of(taste_of([LIKED])))
    rows = np.array([LIKED, KNOWN], np.int32)
    assert signal.contributions(rows) is None
    assert signal.without(rows, leave_out(taste_of([LIKED]), EVEN, np.array([0], np.int32))) is None


def test_contributions_are_each_likes_part_of_the_score():
    # Of (1, 0) and (-.6, .8) the sum is (.4, .8), of length sqrt .8; the new film is (.8, .6).
    bundle = bundle_of([Film(vector=(5, 0)), Film(vector=(4, 3), events=0), Film(vector=(-3, 4)), *[Film()] * 3])
    signal = Novelty.of(inputs_of(taste_of([0, 2]), weight=3.0, bundle=bundle))
    parts = signal.contributions(np.array([1], np.int32))[:, 0]
    assert parts == pytest.approx([3 * 0.8 / 0.8**0.5, 3 * 0.0], abs=1e-5)
    assert parts.sum() == pytest.approx(signal.scores(EVERY)[1], rel=1e-5)


vectors = st.tuples(*[st.integers(-5, 5)] * 3)
worlds = st.lists(
    st.builds(Film, vector=vectors, events=st.sampled_from([0, 0, 1, 3, 7, 8, 50])), min_size=6, max_size=6
)
tastes = st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True)


def units(films: list[Film]) -> list[list[float]]:
    """Return the films' vectors at unit length, in plain Python; the mean film of these worlds is zero."""
    lengths = [sum(value * value for value in film.vector) ** 0.5 for film in films]
    return [
        [value / length if length else 0.0 for value in film.vector]
        for film, length in zip(films, lengths, strict=True)
    ]


@given(worlds, tastes, st.floats(0.1, 3))
def test_scores_and_contributions_equal_the_formula_by_hand(films, rows, weight):
    base = [1.3, 1.0, 0.3, 0.1, 1.0, 1.15][: len(rows)]
    signal = Novelty.of(inputs_of(taste_of(rows, base), weight, bundle=bundle_of(films)))
    directions = units(films)
    total = [sum(w * directions[row][at] for row, w in zip(rows, base, strict=True)) for at in range(3)]
    length = sum(value * value for value in total) ** 0.5
    if length < 1e-3:
        return
    result, parts = signal.scores(EVERY), signal.contributions(EVERY)
    for row, film in enumerate(films):
        fresh = float(np.exp(-film.events / 2)) if film.events < 8 else 0.0
        cosine = sum(a * b for a, b in zip(total, directions[row], strict=True)) / length
        assert result[row] == pytest.approx(weight * max(cosine, 0.0) * fresh, abs=2e-3 * weight)
        assert (0.0 if parts is None else parts[:, row].sum()) == pytest.approx(
            weight * cosine * fresh, abs=2e-3 * weight
        )


@given(worlds, tastes, st.sampled_from([1, 2]))
def test_without_a_film_equals_the_signal_of_the_taste_without_it(films, rows, step):
    fading = Weights(recency_floor=0.1, recency_span=2.0)
    taste = taste_of(rows, ranks=list(range(len(rows))))
    inputs = inputs_of(taste, constants=fading, bundle=bundle_of(films))
    films = np.arange(0, len(rows), step, dtype=np.int32)
    result = Novelty.of(inputs).without(EVERY, leave_out(taste, fading, films))
    for at, index in enumerate(films.tolist()):
        rest = Novelty.of(without_film(inputs, index))
        if float(np.linalg.norm(rest._total)) < 1e-3:
            continue  # the direction is rounding error
        expected = rest.scores(EVERY)
        assert (np.zeros(6) if result is None else result[at]) == pytest.approx(expected, abs=2e-3)


def test_a_sum_that_is_rounding_has_no_direction_and_no_film_adds_to_it():
    signal = Novelty.of(inputs_of(taste_of([LIKED, OPPOSITE])))
    signal.__dict__["_total"] = np.full_like(signal._total, 1e-9)
    assert not signal.scores(EVERY).any()
    assert not signal.contributions(EVERY).any()
