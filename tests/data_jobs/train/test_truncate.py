"""Properties of truncating rows to their largest entries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_jobs.train.ease import PrimalSolver, TrainingError
from data_jobs.train.gram import BLOCK_FILMS
from data_jobs.train.truncate import halved_precision, largest, row_width, truncated
from tests.data_jobs.train.worlds import equations_of, random_design

ROWS = arrays(np.float32, st.tuples(st.integers(1, 8), st.integers(1, 30)), elements=st.floats(-1e6, 1e6, width=32))


@given(ROWS, st.integers(1, 30))
def test_the_largest_by_absolute_value_stay(rows: np.ndarray, width: int) -> None:
    width = min(width, rows.shape[1])
    columns, values = largest(rows, width)
    assert columns.dtype == np.uint16
    assert columns.shape == values.shape == (len(rows), width)
    for row, chosen, value in zip(rows, columns.astype(int), values, strict=True):
        assert (np.diff(chosen) > 0).all()
        assert np.array_equal(row[chosen], value)
        left_out = np.delete(np.abs(row), chosen)
        assert np.abs(row[chosen]).min() >= left_out.max(initial=0)


def test_large_negative_entries_stay() -> None:
    columns, values = largest(np.array([[0.1, -5, 0.2, 3]], np.float32), 2)
    assert columns.tolist() == [[1, 3]]
    assert values.tolist() == [[-5, 3]]


@given(ROWS)
def test_float16_keeps_proportions_at_any_size(values: np.ndarray) -> None:
    halved = halved_precision(values).astype(np.float64)
    peak = np.abs(values).max()
    assert np.isfinite(halved).all()
    if peak > 2**-110:
        assert 512 <= np.abs(halved).max() <= 1024
        assert np.allclose(halved / 1024, values / 2.0 ** np.frexp(peak)[1], rtol=2**-10, atol=1e-9)


def test_small_tables_lose_no_digits() -> None:
    values = np.array([[1e-2, 1.2345e-6]], np.float32)
    halved = halved_precision(values).astype(np.float64)
    assert halved[0, 1] / halved[0, 0] == pytest.approx(1.2345e-4, rel=1e-3)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(TrainingError, match="not finite"):
        halved_precision(np.array([[1, bad]], np.float32))


def test_a_table_of_zeros_stays_one() -> None:
    assert not halved_precision(np.zeros((2, 2), np.float32)).any()


@given(st.integers(1, 65_535), st.integers(1, 10**9))
def test_width_is_within_its_bounds_and_the_memory(films: int, table_bytes: int) -> None:
    width = row_width(films, table_bytes)
    assert 1 <= width <= max(1, films - 1)
    assert width >= min(100, films - 1)
    assert width <= 100 or 2 * 4 * films * width <= table_bytes


@pytest.mark.parametrize(("films", "width"), [(1, 1), (2, 1), (250, 249), (9_742, 615), (20_000, 300), (62_000, 100)])
def test_width_of_known_sizes(films: int, width: int) -> None:
    assert row_width(films, 48_000_000) == width


def test_a_table_is_computed_block_by_block_and_scores_like_its_rows() -> None:
    films = BLOCK_FILMS + 30
    equations = equations_of(random_design(np.random.default_rng(0), 60, films, density=0.1))
    inverse = PrimalSolver(equations.gram()).invert(10.0, 0.5)
    progress: list[int] = []
    table = truncated(inverse, films, films - 1, progress.append)
    assert progress == [BLOCK_FILMS, films]
    positions, weights = np.array([3, BLOCK_FILMS + 2], np.int32), np.array([1.0, 0.3], np.float32)
    full = np.concatenate([inverse.rows(0, BLOCK_FILMS), inverse.rows(BLOCK_FILMS, films)])
    scores, expected = table.scores(positions, weights), weights @ full[positions]
    assert np.allclose(scores / scores.max(), expected / expected.max(), atol=1e-3)
