from hypothesis import given
from hypothesis import strategies as st

from data_jobs.bench.figures import over_passes, percentiles


def test_percentiles_are_milliseconds():
    assert percentiles([0.001] * 99 + [0.101]) == {"n": 100, "p50": 1.0, "p95": 1.0, "p99": 2.0}


def test_no_times_have_no_percentiles():
    assert percentiles([]) == {"n": 0}


@given(st.lists(st.floats(0, 10), min_size=1, max_size=50))
def test_percentiles_rise(seconds):
    figures = percentiles(seconds)
    assert figures["p50"] <= figures["p95"] <= figures["p99"] <= max(seconds) * 1_000 + 1e-3
    assert figures["n"] == len(seconds)


def test_over_passes_takes_the_median_and_adds_the_counts():
    passes = [{"n": 10, "p50": 1.0}, {"n": 10, "p50": 9.0}, {"n": 12, "p50": 2.0}]
    assert over_passes(passes) == {"n": 32, "p50": 2.0}


def test_a_figure_that_a_pass_lacks_is_left_out():
    assert over_passes([{"n": 1, "p50": 1.0}, {"n": 0}]) == {"n": 1}


def test_no_passes_have_no_figures():
    assert over_passes([]) == {}
