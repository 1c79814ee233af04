"""Sequels: later parts of a liked series score, the next part the most, and earlier parts never."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals import Inputs
from services.recommender.signals.plan import Plan
from services.recommender.signals.traits import Sequels
from services.recommender.taste.fold_in import Taste
from tests.recommender.handmade import EVEN, Film, bundle_of, taste_of, without_film
from tests.recommender.worlds import make_inputs

# Four parts of one series, two of another, and two films without a series.
FILMS = [
    *(Film(series=0, part=part) for part in (1, 2, 3, 4)),
    *(Film(series=1, part=part) for part in (1, 2)),
    Film(),
    Film(),
]
BUNDLE = bundle_of(FILMS)
EVERY = np.arange(len(FILMS), dtype=np.int32)


def inputs_of(taste: Taste, weight: float = 1.0, constants: Weights = EVEN) -> Inputs:
    return make_inputs(taste, BUNDLE, constants, Plan(Strategy.PERSONAL, sequels=weight))


def scores(taste: Taste, weight: float = 1.0, constants: Weights = EVEN) -> list[float]:
    return Sequels.of(inputs_of(taste, weight, constants)).scores(EVERY).tolist()


def by_hand(rows: list[int], weights: list[float]) -> list[float]:
    """Return the scores by the formula, in plain Python, one pair of films at a time."""
    result = []
    for film in FILMS:
        total = 0.0
        for row, weight in zip(rows, weights, strict=True):
            liked = FILMS[row]
            if film.series >= 0 and film.series == liked.series and film.part > liked.part:
                total += weight * 2.0 ** (1 - (film.part - liked.part))
        result.append(total / sum(weights))
    return result


def test_the_next_part_scores_1_and_each_later_part_half_as_much():
    assert scores(taste_of([0])) == [0, 1, 0.5, 0.25, 0, 0, 0, 0]


def test_earlier_parts_and_the_film_itself_score_zero():
    assert scores(taste_of([2])) == [0, 0, 0, 1, 0, 0, 0, 0]


def test_films_without_a_series_have_no_sequels():
    assert scores(taste_of([0, 6]))[7] == 0


def test_a_like_counts_by_its_share_of_the_taste():
    # The other film of the taste halves it; the weight of the plan doubles it again.
    assert scores(taste_of([0, 6]), weight=2.0) == pytest.approx([0, 1, 0.5, 0.25, 0, 0, 0, 0])


def test_two_liked_parts_both_count():
    # From part 1: 1, 1/2, 1/4; from part 2: 0, 1, 1/2.
    assert scores(taste_of([0, 1])) == pytest.approx([0, 0.5, 0.75, 0.375, 0, 0, 0, 0])


def test_newer_likes_count_more():
    fading = Weights(recency_floor=0.0, recency_span=1.0)
    result = scores(taste_of([0, 4], ranks=[1, 0]), constants=fading)
    assert result[5] == pytest.approx(1 / (1 + np.exp(-1)))
    assert result[1] == pytest.approx(np.exp(-1) / (1 + np.exp(-1)))


def test_is_missing_without_a_liked_series_or_a_weight():
    assert Sequels.of(inputs_of(taste_of([6, 7]))) is None
    assert Sequels.of(inputs_of(taste_of([0]), weight=0.0)) is None
    assert Sequels.of(inputs_of(taste_of([]))) is None


tastes = st.lists(st.integers(0, len(FILMS) - 1), min_size=1, max_size=len(FILMS), unique=True)


@given(tastes, st.data())
def test_equals_the_sum_over_pairs_of_films(rows, data):
    weights = data.draw(st.lists(st.sampled_from([0.1, 0.3, 1.0, 1.3]), min_size=len(rows), max_size=len(rows)))
    signal = Sequels.of(inputs_of(taste_of(rows, base=weights)))
    expected = by_hand(rows, weights)
    assert (signal.scores(EVERY) if signal is not None else [0] * len(FILMS)) == pytest.approx(expected, abs=1e-6)


@given(tastes)
def test_without_a_film_equals_the_signal_of_the_taste_without_it(rows):
    inputs = inputs_of(taste_of(rows, ranks=list(range(len(rows)))), constants=Weights(recency_floor=0.2))
    signal = Sequels.of(inputs)
    if signal is None:
        return
    result = signal.without(EVERY, leave_out(inputs.taste, inputs.constants, np.arange(len(rows), dtype=np.int32)))
    for index in range(len(rows)):
        rest = Sequels.of(without_film(inputs, index))
        expected = np.zeros(len(EVERY)) if rest is None else rest.scores(EVERY)
        assert result[index] == pytest.approx(expected, abs=1e-5)
