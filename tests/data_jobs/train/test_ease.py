"""The closed form against its definition, and its two routes against each other."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.train.ease import DualSolver, PrimalSolver, Solver, TrainingError, solver_for
from data_jobs.train.gram import BLOCK_FILMS
from tests.data_jobs.train.worlds import by_definition, equations_of, random_design


def primal(design: sp.csr_matrix) -> PrimalSolver:
    return PrimalSolver(equations_of(design).gram())


SOLVERS = (primal, DualSolver)


def all_rows(solver: Solver, ridge: float, dropout: float) -> np.ndarray:
    inverse = solver.invert(ridge, dropout)
    steps = range(0, solver.films, BLOCK_FILMS)
    return np.concatenate([inverse.rows(start, min(start + BLOCK_FILMS, solver.films)) for start in steps])


@pytest.mark.parametrize("solver", SOLVERS)
def test_two_films_by_hand(solver: Callable[[sp.csr_matrix], Solver]) -> None:
    # One person with both films: G = [[1, 1], [1, 1]]; with lambda 1: P = [[2, -1], [-1, 2]] / 3, B = 1/2.
    design = sp.csr_matrix(np.ones((1, 2), np.float32))
    assert np.allclose(all_rows(solver(design), 1.0, 0.0), [[0, 0.5], [0.5, 0]])
    # Dropout of one half adds diag(G): P^-1 = [[3, 1], [1, 3]], B = 1/3.
    assert np.allclose(all_rows(solver(design), 1.0, 0.5), [[0, 1 / 3], [1 / 3, 0]])


@pytest.mark.parametrize("solver", SOLVERS)
def test_b_is_normalised_by_column(solver: Callable[[sp.csr_matrix], Solver]) -> None:
    # The second film has another viewer: P^-1 = [[2, 1], [1, 3]], P = [[3, -1], [-1, 2]] / 5.
    design = sp.csr_matrix(np.array([[1, 1], [0, 1]], np.float32))
    assert np.allclose(all_rows(solver(design), 1.0, 0.0), [[0, 1 / 2], [1 / 3, 0]])


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1.0, 20.0, 500.0]), st.sampled_from([0.0, 0.5, 0.98]))
def test_both_routes_follow_the_definition(rows: int, films: int, ridge: float, dropout: float) -> None:
    design = random_design(np.random.default_rng(rows * 100 + films), rows, films)
    expected = by_definition(design, ridge, dropout)
    for solver in SOLVERS:
        assert np.allclose(all_rows(solver(design), ridge, dropout), expected, atol=1e-4)


def test_dual_and_primal_agree_over_several_blocks() -> None:
    design = random_design(np.random.default_rng(1), 90, 2 * BLOCK_FILMS + 77, density=0.05)
    by_films, by_people = (all_rows(solver(design), 30.0, 0.5) for solver in SOLVERS)
    assert np.abs(by_films - by_people).max() < 1e-3
    assert np.abs(by_films).max() > 1e-2


@pytest.mark.parametrize("solver", SOLVERS)
def test_scores_are_profiles_times_rows(solver: Callable[[sp.csr_matrix], Solver]) -> None:
    rng = np.random.default_rng(2)
    prepared = solver(random_design(rng, 50, BLOCK_FILMS + 40, density=0.1))
    profiles = random_design(rng, 9, BLOCK_FILMS + 40, density=0.02)
    expected = profiles @ all_rows(prepared, 5.0, 0.5)
    assert np.allclose(prepared.invert(5.0, 0.5).scores(profiles), expected, atol=1e-4)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_solver_inverts_again_for_another_lambda_and_back(solver: Callable[[sp.csr_matrix], Solver]) -> None:
    prepared = solver(random_design(np.random.default_rng(3), 30, BLOCK_FILMS + 9, density=0.1))
    first = all_rows(prepared, 10.0, 0.5)
    assert not np.allclose(all_rows(prepared, 1_000.0, 0.98), first, atol=1e-3)
    assert all_rows(prepared, 10.0, 0.5).tobytes() == first.tobytes()


@pytest.mark.parametrize("solver", SOLVERS)
def test_films_without_events_neither_give_nor_get_weight(solver: Callable[[sp.csr_matrix], Solver]) -> None:
    dense = np.random.default_rng(4).random((20, 30)).astype(np.float32)
    dense[:, [0, 7, 29]] = 0
    rows = all_rows(solver(sp.csr_matrix(dense)), 1e-3, 0.5)
    assert np.isfinite(rows).all()
    assert not rows[[0, 7, 29]].any()
    assert not rows[:, [0, 7, 29]].any()


@pytest.mark.parametrize("solver", SOLVERS)
def test_without_people_and_tags_all_weights_are_0(solver: Callable[[sp.csr_matrix], Solver]) -> None:
    assert not all_rows(solver(sp.csr_matrix((0, 4), dtype=np.float32)), 80.0, 0.5).any()


@pytest.mark.parametrize("solver", SOLVERS)
def test_equations_beyond_float32_are_refused(solver: Callable[[sp.csr_matrix], Solver]) -> None:
    same = sp.csr_matrix(np.full((3, 6), 1e4, np.float32))
    with pytest.raises(TrainingError, match="ridge 1e-09"):
        solver(same).invert(1e-9, 0.0)


def test_the_cheaper_route_is_taken() -> None:
    assert solver_for(equations_of(sp.csr_matrix((20, 400), dtype=np.float32))).form == "dual"
    assert solver_for(equations_of(sp.csr_matrix((390, 400), dtype=np.float32))).form == "primal"


def test_the_gram_matrix_is_filled_above_the_diagonal_and_on_it() -> None:
    design = random_design(np.random.default_rng(6), 40, 2 * BLOCK_FILMS + 3, density=0.02)
    expected = (design.T @ design).toarray()
    assert np.allclose(np.triu(equations_of(design).gram().square), np.triu(expected), atol=1e-5)
