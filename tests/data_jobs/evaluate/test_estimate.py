import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.evaluate.estimate import Estimate

figures = st.lists(st.floats(-10, 10), min_size=2, max_size=30).map(np.array)


def test_mean_and_standard_error_by_hand():
    estimate = Estimate.of(np.array([1.0, 2.0, 3.0, 4.0]))
    assert estimate == Estimate(2.5, pytest.approx(np.sqrt(5 / 3) / 2), 4)


@pytest.mark.parametrize(("values", "mean"), [([], 0.0), ([3.0], 3.0)])
def test_too_few_figures_have_no_error(values, mean):
    assert Estimate.of(np.array(values, float)) == Estimate(mean, 0.0, len(values))


def test_a_paired_error_is_that_of_the_differences():
    base = np.array([0.1, 0.9, 0.4, 0.6])
    estimate = Estimate.of_difference(base + 0.05, base)
    assert estimate.mean == pytest.approx(0.05)
    assert estimate.se == pytest.approx(0.0, abs=1e-12)
    assert Estimate.of(base).se > 0.1


def test_figures_of_other_people_cannot_be_paired():
    with pytest.raises(ValueError, match="2 and of 3"):
        Estimate.of_difference(np.zeros(2), np.zeros(3))


@given(figures)
def test_the_difference_to_itself_is_0(values):
    assert Estimate.of_difference(values, values) == Estimate(0.0, 0.0, len(values))


@pytest.mark.parametrize(
    ("mean", "errors", "holds"), [(0.3, 2, True), (0.19, 2, False), (-0.05, -1, True), (-0.2, -1, False)]
)
def test_above_counts_in_standard_errors(mean, errors, holds):
    assert Estimate(mean, 0.1, 9).above(errors) is holds


def test_is_printed_with_its_error():
    assert str(Estimate(0.12341, 0.00671, 9)) == "0.1234 ± 0.0067"


def test_several_figures_of_a_person_count_once():
    estimate = Estimate.by_person(np.array([1.0, 0.0, 0.5]), np.array([7, 3, 7]))
    assert estimate == Estimate.of(np.array([0.0, 0.75]))
    assert Estimate.by_person(np.zeros(0), np.zeros(0, np.intp)).n == 0


def test_a_median_with_the_error_of_a_median():
    values = np.random.default_rng(1).normal(3.0, 2.0, 1_000)
    estimate = Estimate.of_median(values)
    assert estimate.mean == np.median(values)
    assert estimate.se == pytest.approx(2.0 * np.sqrt(np.pi / 2 / 1_000), rel=0.25)
    assert estimate == Estimate.of_median(values)


def test_one_enormous_figure_does_not_move_the_median():
    assert Estimate.of_median(np.array([1.0, 2.0, 3.0, 4.0, 1e9])).mean == 3.0
    assert Estimate.of_median(np.zeros(0)).n == 0
