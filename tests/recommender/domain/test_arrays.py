"""Helpers on arrays: distinct values, the mean of the best, and values computed once for an array of rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.recommender.domain.arrays import ByRows, distinct, mean_of_best, scaled


def test_a_value_is_computed_once_for_an_array_and_anew_for_an_equal_one():
    asked: list[list[int]] = []

    def total(rows: np.ndarray) -> int:
        asked.append(rows.tolist())
        return int(rows.sum())

    sums: ByRows[int] = ByRows()
    page = np.array([1, 2], np.int32)
    assert [sums.get(page, total), sums.get(page, total)] == [3, 3]
    assert asked == [[1, 2]]
    assert sums.get(page.copy(), total) == 3
    assert len(asked) == 2


def test_an_array_that_is_gone_does_not_leave_its_value_to_another():
    sums: ByRows[int] = ByRows()
    found = [sums.get(np.array([number], np.int32), lambda rows: int(rows[0])) for number in range(200)]
    assert found == list(range(200))


@given(arrays(st.sampled_from([np.int32, np.uint64, np.int64]), st.integers(0, 40), elements=st.integers(0, 9)))
def test_they_are_those_of_numpy(values: np.ndarray) -> None:
    found = distinct(values)
    assert found.dtype == values.dtype
    assert found.tolist() == np.unique(values).tolist()


class TestMeanOfBest:
    @pytest.mark.parametrize("scores", [[], [0.0], [-1.0, -2.0], [float("nan")], [float("inf")] * 60])
    def test_is_zero_where_it_is_no_positive_number(self, scores):
        assert mean_of_best(np.array(scores, np.float32)) == 0

    def test_takes_the_best_50(self):
        assert mean_of_best(np.arange(100, dtype=np.float32)) == pytest.approx(np.mean(range(50, 100)))

    def test_a_signal_without_reference_is_zero(self):
        assert not scaled(np.ones(3, np.float32), 0.0).any()
