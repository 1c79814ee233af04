"""Solve the main and short-profile tables of one set of equations, which differ only in their dropout.

LAPACK holds the interpreter lock while it inverts, so threads would wait for each other. If both fit into memory, the
short-profile table gets a process of its own: half the time on two cores, for a second square of films x films.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from data_jobs.train.ease import Solver, solver_for
from data_jobs.train.gram import HasGram
from data_jobs.train.params import TrainParams
from data_jobs.train.truncate import row_width, truncated
from services.recommender.domain.tables import ItemTable

# Two squares of 20,000 films take 3.2 GB; larger ones are solved in turn in the same memory. Small ones are finished
# before a second process has started.
MOST_FILMS, FEWEST_FILMS = 20_000, 3_000


def both_tables(
    design: HasGram, params: TrainParams, on_main: Callable[[int], None], on_short: Callable[[int], None]
) -> tuple[ItemTable, ItemTable, str]:
    """Return the main and short-profile tables, and which form was solved; the same bytes whether in parallel or in
    turn. ``on_main`` and ``on_short`` receive the number of films done. Raises TrainingError.
    """
    films = design.films
    if not (FEWEST_FILMS <= films <= MOST_FILMS and (os.cpu_count() or 1) > 1):
        solver = solver_for(design)
        main = _table(solver, params, params.dropout, on_main)
        return main, _table(solver, params, params.dropout_short, on_short), solver.form
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        future = pool.submit(_short_table, design, params)
        solver = solver_for(design)
        main = _table(solver, params, params.dropout, on_main)
        short = future.result()
    on_short(films)
    return main, short, solver.form


def _short_table(design: HasGram, params: TrainParams) -> ItemTable:
    """Make the short-profile table in the other process."""
    return _table(solver_for(design), params, params.dropout_short, lambda _: None)


def _table(solver: Solver, params: TrainParams, dropout: float, on_progress: Callable[[int], None]) -> ItemTable:
    inverse = solver.invert(params.ridge or params.ridge_untuned, dropout)
    return truncated(inverse, solver.films, row_width(solver.films, params.table_bytes), on_progress)
