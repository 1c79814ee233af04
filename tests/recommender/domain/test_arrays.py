"""Arrays: packed strings, distinct values, the mean of the best, and values computed once for an array of rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.recommender.domain.arrays import ByRows, Strings, distinct, mean_of_best, scaled, shrunk_lift


def test_a_value_is_computed_once_per_array_even_if_arrays_are_equal():
    calls: list[list[int]] = []

    def total(rows: np.ndarray) -> int:
        calls.append(rows.tolist())
        return int(rows.sum())

    sums: ByRows[int] = ByRows()
    page = np.array([1, 2], np.int32)
    assert [sums.get(page, total), sums.get(page, total)] == [3, 3]
    assert calls == [[1, 2]]
    assert sums.get(page.copy(), total) == 3
    assert len(calls) == 2


def test_a_freed_arrays_value_is_not_returned_for_another_array():
    sums: ByRows[int] = ByRows()
    values = [sums.get(np.array([number], np.int32), lambda rows: int(rows[0])) for number in range(200)]
    assert values == list(range(200))


@given(arrays(st.sampled_from([np.int32, np.uint64, np.int64]), st.integers(0, 40), elements=st.integers(0, 9)))
def test_distinct_values_equal_those_of_numpy(values: np.ndarray) -> None:
    result = distinct(values)
    assert result.dtype == values.dtype
    assert result.tolist() == np.unique(values).tolist()


class TestMeanOfBest:
    @pytest.mark.parametrize("scores", [[], [0.0], [-1.0, -2.0], [float("nan")], [float("inf")] * 60])
    def test_is_zero_if_not_positive_and_finite(self, scores):
        assert mean_of_best(np.array(scores, np.float32)) == 0

    def test_takes_the_best_50(self):
        assert mean_of_best(np.arange(100, dtype=np.float32)) == pytest.approx(np.mean(range(50, 100)))

    def test_a_signal_without_reference_is_zero(self):
        assert not scaled(np.ones(3, np.float32), 0.0).any()


@given(st.lists(st.text()))
def test_what_goes_in_comes_out(values):
    strings = Strings.of(values)
    assert len(strings) == len(values)
    assert list(strings) == values
    assert [strings[row] for row in range(len(values))] == values


def test_two_arrays_and_no_objects():
    strings = Strings.of(["Heat", "", "Amélie"])
    assert strings.offsets.tolist() == [0, 4, 4, 11]
    assert strings.offsets.dtype == np.int64
    assert strings.data.dtype == np.uint8
    assert Strings(strings.offsets, strings.data)[2] == "Amélie"


def test_a_lone_surrogate_becomes_a_question_mark():
    assert list(Strings.of(["a\ud800b"])) == ["a?b"]


def test_an_iterator_will_do_and_so_will_nothing():
    assert list(Strings.of(str(number) for number in range(3))) == ["0", "1", "2"]
    assert list(Strings.of([])) == []


def test_a_row_that_is_not_there():
    with pytest.raises(IndexError):
        Strings.of(["a"])[1]


def test_numpy_rows_index_too():
    assert Strings.of(["a", "b"])[np.int32(1)] == "b"


@given(st.lists(st.text(), min_size=1), st.data())
def test_some_rows_in_any_order_and_as_often_as_asked(values, data):
    rows = data.draw(st.lists(st.integers(0, len(values) - 1)))
    assert Strings.of(values).take(np.array(rows, np.int32)) == [values[row] for row in rows]


class TestShrunkLift:
    def test_nears_the_plain_lift_with_the_number_of_films(self):
        # Every film has it, and of all films a tenth: ten times likelier.
        assert shrunk_lift(10, 10, 100, 1_000) == pytest.approx((100 + 5) / (10 + 5))
        assert shrunk_lift(100_000, 100_000, 100_000, 1_000_000) == pytest.approx(10, abs=1e-3)

    def test_is_1_without_films(self):
        assert shrunk_lift(0, 0, 0, 0) == 1

    def test_arrays_broadcast(self):
        both, films = np.array([[4, 0], [0, 2]], np.float32), np.array([4, 2], np.float32)
        lifts = shrunk_lift(both, films[:, None], films, 8)
        assert lifts.tolist() == [
            [
                pytest.approx(shrunk_lift(int(both[row, column]), int(films[row]), int(films[column]), 8))
                for column in (0, 1)
            ]
            for row in (0, 1)
        ]
