import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.evaluate import bootstrap
from data_jobs.evaluate.bootstrap import Interval

figures = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=60).map(
    lambda interval: np.array(interval, np.float64)
)


@given(figures)
def test_the_mean_lies_inside_and_the_bounds_within_the_figures(values):
    interval = Interval.of(values)
    assert values.min() - 1e-9 <= interval.low <= interval.high <= values.max() + 1e-9
    assert interval.mean == pytest.approx(values.mean())
    assert interval.n == len(values)


def test_the_interval_of_many_people_is_about_two_standard_errors_to_either_side():
    # The tolerance is three times the random error of a quantile of 2,000 draws.
    values = np.random.default_rng(1).normal(0.3, 2.0, 4_000)
    interval, error = Interval.of(values), values.std(ddof=1) / np.sqrt(4_000)
    assert (interval.mean - interval.low) / error == pytest.approx(1.96, abs=0.2)
    assert (interval.high - interval.mean) / error == pytest.approx(1.96, abs=0.2)


def test_it_is_clear_only_if_0_is_outside():
    assert Interval.of(np.array([0.1, 0.2, 0.3])).clear
    assert Interval.of(np.array([-0.1, -0.2, -0.3])).clear
    assert not Interval.of(np.array([-0.1, 0.1] * 20)).clear
    assert not Interval.of(np.zeros(9)).clear


def test_people_without_a_figure_do_not_count():
    assert Interval.of(np.array([0.5, np.nan, 0.5])) == Interval(0.5, 0.5, 0.5, 2)
    assert Interval.of(np.array([np.nan])) == Interval(0.0, 0.0, 0.0, 0)


def test_drawing_in_small_blocks_gives_the_same_interval(monkeypatch):
    values = np.random.default_rng(2).normal(0, 1, 300)
    whole = Interval.of(values)
    assert whole == Interval.of(values)
    monkeypatch.setattr(bootstrap, "_DRAWN_AT_ONCE", 1_000)
    assert Interval.of(values) == whole
