import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.strings import Strings


@given(st.lists(st.text()))
def test_values_are_stored_unchanged(values):
    strings = Strings.of(values)
    assert len(strings) == len(values)
    assert list(strings) == values
    assert [strings[row] for row in range(len(values))] == values


def test_strings_are_stored_as_two_arrays():
    strings = Strings.of(["Heat", "", "Amélie"])
    assert strings.offsets.tolist() == [0, 4, 4, 11]
    assert strings.offsets.dtype == np.int64
    assert strings.data.dtype == np.uint8
    assert Strings(strings.offsets, strings.data)[2] == "Amélie"


def test_a_lone_surrogate_becomes_a_question_mark():
    assert list(Strings.of(["a\ud800b"])) == ["a?b"]


def test_an_iterator_and_an_empty_list_work():
    assert list(Strings.of(str(number) for number in range(3))) == ["0", "1", "2"]
    assert list(Strings.of([])) == []


def test_a_missing_row_is_an_index_error():
    with pytest.raises(IndexError):
        Strings.of(["a"])[1]


def test_numpy_rows_index_too():
    assert Strings.of(["a", "b"])[np.int32(1)] == "b"


@given(st.lists(st.text(), min_size=1), st.data())
def test_rows_are_taken_in_any_order_with_repeats(values, data):
    rows = data.draw(st.lists(st.integers(0, len(values) - 1)))
    assert Strings.of(values).take(np.array(rows, np.int32)) == [values[row] for row in rows]
