import numpy as np
import scipy.sparse as sp

from data_jobs.train.ease import solver_for
from data_jobs.train.gram import Design
from data_jobs.train.parallel_tables import FEWEST_FILMS, both_tables
from data_jobs.train.params import TrainParams
from data_jobs.train.truncate import row_width, truncated
from tests.data_jobs.train.worlds import equations_of

PARAMS = TrainParams(ridge=10.0)


def viewings(films: int) -> Design:
    rng = np.random.default_rng(5)
    return equations_of(sp.random(300, films, 0.02, format="csr", dtype=np.float32, random_state=rng))


def table_alone(design: Design, dropout: float):
    solver = solver_for(design)
    width = row_width(solver.films, PARAMS.table_bytes)
    return truncated(solver.invert(10.0, dropout), solver.films, width, lambda _: None)


def test_the_tables_have_the_same_bytes_with_or_without_a_second_process() -> None:
    for films in (FEWEST_FILMS, 400):
        design, progress = viewings(films), {"main": [], "short": []}
        main, short, form = both_tables(design, PARAMS, progress["main"].append, progress["short"].append)
        assert form == solver_for(design).form
        for table, dropout in ((main, PARAMS.dropout), (short, PARAMS.dropout_short)):
            expected = table_alone(design, dropout)
            assert np.array_equal(table.columns, expected.columns)
            assert np.array_equal(table.values.view(np.uint16), expected.values.view(np.uint16))
        assert progress["main"][-1] == progress["short"][-1] == films
