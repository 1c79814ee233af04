"""Main and short table of one set of equations, which differ in their dropout only.

LAPACK holds the interpreter while it inverts, so threads would wait for each other: where both fit into memory, the
short table has a process of its own.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import scipy.sparse as sp

from data_jobs.train.ease import Solver, solver_for
from data_jobs.train.params import TrainParams
from data_jobs.train.truncate import row_width, truncated
from services.recommender.domain.tables import ItemTable

# Two squares of so many films are 0.8 GB; larger ones are solved one after the other in the same memory. Small ones
# are done before a second process has started.
MOST_FILMS, FEWEST_FILMS = 10_000, 3_000

Told = Callable[[int], None]


def both_tables(
    design: sp.csr_matrix, params: TrainParams, told_main: Told, told_short: Told
) -> tuple[ItemTable, ItemTable, str]:
    """Main and short table, and which form was solved; the same bytes whether together or one after the other.
    ``told_main`` and ``told_short`` hear how many films are done. Raises TrainingError.
    """
    films = design.shape[1]
    if not (FEWEST_FILMS <= films <= MOST_FILMS and (os.cpu_count() or 1) > 1):
        solver = solver_for(design)
        main = _table(solver, params, params.dropout, told_main)
        return main, _table(solver, params, params.dropout_short, told_short), solver.form
    with ProcessPoolExecutor(1, get_context("spawn")) as aside:
        waiting = aside.submit(_short_table, design, params)
        solver = solver_for(design)
        main = _table(solver, params, params.dropout, told_main)
        short = waiting.result()
    told_short(films)
    return main, short, solver.form


def _short_table(design: sp.csr_matrix, params: TrainParams) -> ItemTable:
    """In the other process."""
    return _table(solver_for(design), params, params.dropout_short, lambda _: None)


def _table(solver: Solver, params: TrainParams, dropout: float, told: Told) -> ItemTable:
    inverse = solver.invert(params.ridge or params.ridge_untuned, dropout)
    return truncated(inverse, solver.films, row_width(solver.films, params.table_bytes), told)
