import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.weights import Weights
from services.recommender.stages.ranker import rank, shown_score

columns = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=30)


@given(columns)
def test_orders_by_the_sum_and_then_by_row(pairs):
    rows = 3 * np.arange(len(pairs), dtype=np.int32)
    terms = {name: np.array([pair[i] for pair in pairs], np.float32) for i, name in enumerate("ab")}
    ranked = rank(rows, terms)
    sums = dict(zip(rows.tolist(), [a + b for a, b in pairs], strict=True))
    assert ranked.rows.tolist() == sorted(sums, key=lambda row: (-sums[row], row))
    assert ranked.terms.sum(axis=1) == pytest.approx(ranked.raw)


def test_without_terms_the_rows_keep_their_order():
    assert rank(np.array([2, 5], np.int32), {}).rows.tolist() == [2, 5]


@given(st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=20))
def test_the_shown_score_rises_with_the_raw_score_and_stays_between_0_and_1(raw):
    ordered = np.sort(np.array(raw, np.float32))
    shown = shown_score(ordered, Weights())
    assert (np.diff(shown) >= 0).all()
    assert shown.min() >= 0
    assert shown.max() <= 1


def test_the_midpoint_is_shown_as_a_half():
    assert shown_score(np.array([1.5], np.float32), Weights(score_midpoint=1.5))[0] == pytest.approx(0.5)
