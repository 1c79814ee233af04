"""The trial of films outside the tables."""

import numpy as np
import pytest

from data_jobs.evaluate.trials import runner, sparse_rows
from data_jobs.evaluate.trials.inner import InnerHoldout


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(sparse_rows, "DIMS", 8)
    monkeypatch.setattr(sparse_rows, "SIZES", (8, 4))
    monkeypatch.setattr(sparse_rows, "WIDTHS", (4, 45))
    monkeypatch.setattr(sparse_rows, "ALL", 90)


def test_only_films_outside_the_table_are_hidden_and_scored(job, small):
    inner = InnerHoldout.of(job.bench, runner._holdouts(job)["random"], 90)
    inside = sparse_rows._inside(inner)
    assert inside.sum() == 45
    part = inner.among(~inside)
    for _, scores in sparse_rows.sparse_rows(part):
        assert np.isneginf(scores[:, inside]).all()
        assert np.isfinite(scores[:, ~inside]).all()


def test_half_of_a_small_catalogue_is_outside_the_tables(job):
    inner = InnerHoldout.of(job.bench, runner._holdouts(job)["random"], 90)
    assert len(inner.rows) < 2 * sparse_rows.TABLE
    assert sparse_rows._inside(inner).sum() == len(inner.rows) // 2


def test_at_least_twenty_variants_are_tried(job, small):
    result = sparse_rows.part(job)
    assert sum(not each.variant.today for each in result.tried) >= 20
    assert sum(each.variant.today for each in result.tried) == len(sparse_rows.RIDGES)


def test_a_row_of_all_numbers_is_the_least_squares_of_the_film_over_the_table(job, small):
    inner = InnerHoldout.of(job.bench, runner._holdouts(job)["random"], 90)
    tables = sparse_rows._CutTables.of(inner)
    ridge = np.float32(30)
    inverse = np.linalg.inv(tables.gram + ridge * np.eye(45, dtype=np.float32))
    [scores] = [each for name, each in tables.regressed(inverse) if name == "rows, 45 numbers, shrinkage 0"]
    design = tables.design.toarray()
    table, outside = design[:, tables.table], design[:, tables.outside]
    columns = np.linalg.solve(table.T @ table + ridge * np.eye(45), table.T @ outside)
    assert scores == pytest.approx(tables._profiles(tables.today) @ columns, rel=1e-2, abs=1e-3)
