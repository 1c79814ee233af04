"""Weighted means over a taste: each like counts by its weight and can be left out."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.weights import Weights
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals.signal import (
    Cause,
    Floats,
    Given,
    KernelMean,
    LeftOut,
    Rows,
    mean_without,
    shares,
)
from tests.recommender.handmade import taste_of

FILMS = 4
EVERY = np.arange(FILMS, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class TableKernel(KernelMean):
    """A kernel given as a table: ``table`` [likes][films]; ``worth``: factor of each film."""

    table: list[list[float]]
    weights: Floats
    worth: tuple[float, ...] = (1.0,) * FILMS

    def kernel(self, rows: Rows) -> Floats:
        return np.array(self.table, np.float32).reshape(len(self.weights), FILMS)[:, rows]

    def factor(self, rows: Rows) -> Floats:
        return np.array(self.worth, np.float32)[rows]


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)


TWO = TableKernel([[1.0, 0.0, 0.5, 0.0], [0.0, 1.0, 0.5, 0.0]], floats(3.0, 1.0), (1.0, 1.0, 2.0, 1.0))


class TestKernelMean:
    def test_a_like_counts_by_its_share_of_all_weights(self):
        assert TWO.scores(EVERY) == pytest.approx([0.75, 0.25, 1.0, 0.0])

    def test_contributions_are_each_likes_part_of_the_score(self):
        assert TWO.contributions(EVERY) == pytest.approx(np.array([[0.75, 0, 0.75, 0], [0, 0.25, 0.25, 0]]))

    def test_films_are_scored_in_the_requested_order(self):
        rows = np.array([2, 0], np.int32)
        assert TWO.scores(rows) == pytest.approx([1.0, 0.75])
        assert TWO.contributions(rows) == pytest.approx(np.array([[0.75, 0.75], [0.25, 0.0]]))

    def test_without_a_like_the_mean_is_over_the_others(self):
        left_out = LeftOut(np.array([0], np.int32), np.array([0], np.int32), floats(-3.0)[:, None])
        assert TWO.without(EVERY, left_out) == pytest.approx(np.array([[0, 1, 1, 0]]))

    def test_without_the_only_like_scores_are_zero(self):
        single = TableKernel([[1.0, 0.5, 0.0, 0.0]], floats(1.0))
        left_out = leave_out(taste_of([0]), Weights(recency_floor=1.0), np.array([0], np.int32))
        assert single.without(EVERY, left_out).tolist() == [[0, 0, 0, 0]]

    def test_an_empty_taste_scores_zero(self):
        empty = TableKernel([], floats())
        assert empty.scores(EVERY).tolist() == [0, 0, 0, 0]
        assert empty.contributions(EVERY).shape == (0, FILMS)

    def test_its_cause_is_the_taste_and_it_is_computed_for_candidates_only(self):
        assert TWO.cause is Cause.TASTE
        assert TWO.dense() is None

    @given(st.data(), st.integers(1, 5))
    def test_equals_the_mean_in_plain_python_with_and_without_each_like(self, data, likes):
        table = data.draw(st.lists(st.tuples(*[st.floats(0, 4, width=16)] * FILMS), min_size=likes, max_size=likes))
        base = data.draw(st.lists(st.sampled_from([0.1, 0.3, 1.0, 1.3]), min_size=likes, max_size=likes))
        worth = data.draw(st.tuples(*[st.floats(0, 2, width=16)] * FILMS))
        constants = Weights(recency_floor=0.25, recency_span=2.0)
        taste = taste_of(list(range(likes)), base, list(range(likes)))

        def mean(left: list[int]) -> list[float]:
            """Return the scores over some likes, newest first, ranked among themselves."""
            weights = [base[i] * (0.25 + 0.75 * np.exp(-place / 2.0)) for place, i in enumerate(left)]
            total = sum(weights) or 1.0
            terms = [[w * value for value in table[i]] for w, i in zip(weights, left, strict=True)]
            sums = [sum(column) for column in zip(*terms, strict=True)] or [0.0] * FILMS
            return [factor * value / total for factor, value in zip(worth, sums, strict=True)]

        signal = TableKernel([list(row) for row in table], taste.weights(constants), worth)
        all_likes = list(range(likes))
        assert signal.scores(EVERY) == pytest.approx(mean(all_likes), abs=1e-4)
        assert signal.contributions(EVERY).sum(axis=0) == pytest.approx(mean(all_likes), abs=1e-4)
        left_out = data.draw(st.lists(st.sampled_from(all_likes), min_size=1, unique=True).map(sorted))
        result = signal.without(EVERY, leave_out(taste, constants, np.array(left_out, np.int32)))
        for at, index in enumerate(left_out):
            assert result[at] == pytest.approx(mean([i for i in all_likes if i != index]), abs=1e-3)


class TestShares:
    def test_are_shares_of_the_sum(self):
        assert shares(floats(1.0, 3.0)) == pytest.approx([0.25, 0.75])

    @pytest.mark.parametrize("weights", [(), (0.0, 0.0)])
    def test_of_zero_weights_are_zero(self, weights):
        result = shares(floats(*weights))
        assert result.tolist() == list(weights)
        assert result.dtype == np.float32


class TestMeanWithout:
    def test_equals_the_mean_under_the_changed_weights(self):
        # Weights 1 and 2, values 4 and 1: a mean of 2. The second weight falls to 1: (4 + 1) / 2. The first to 0: 1.
        scores, overlaps = floats(2.0), np.array([[4.0], [1.0]], np.float32)
        result = mean_without(3.0, scores, overlaps, np.array([[0.0, -1.0], [-1.0, 0.0]], np.float32))
        assert result == pytest.approx(np.array([[2.5], [1.0]]))

    def test_is_zero_if_no_weight_is_left(self):
        result = mean_without(1.0, floats(4.0), np.array([[4.0]], np.float32), np.array([[-1.0]], np.float32))
        assert result.tolist() == [[0]]


class TestGiven:
    def test_scores_are_the_given_values_whatever_the_taste(self):
        given = Given("fame", floats(3, 1, 2, 0))
        assert given.scores(np.array([2, 0], np.int32)).tolist() == [2, 3]
        assert given.dense().values.tolist() == [3, 1, 2, 0]
        assert given.cause is Cause.CATALOGUE
        assert given.contributions(EVERY) is None
