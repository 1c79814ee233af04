import numpy as np
import pytest

import data_jobs.cells
from data_jobs.cells import with_cells
from data_jobs.report import Silent
from services.recommender.domain.embeddings import VERY_MANY, Embeddings


def clustered(groups: int, films: int, dims: int = 24) -> Embeddings:
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(groups, dims))[np.arange(films) % groups] + rng.normal(0, 0.1, (films, dims))
    return Embeddings.quantise((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), "test")


def test_a_catalogue_that_is_not_very_large_has_no_cells():
    embeddings = clustered(3, 50)
    assert with_cells(embeddings, Silent()) is embeddings
    assert VERY_MANY > 62_000


def test_films_of_one_direction_share_cells_without_other_films(monkeypatch):
    monkeypatch.setattr(data_jobs.cells, "VERY_MANY", 100)
    embeddings = with_cells(clustered(5, 900), Silent())
    cells = embeddings.cells
    assert len(cells.centres) == 30
    assert cells.of.dtype == np.uint16
    groups = [set(cells.of[group::5].tolist()) for group in range(5)]
    assert sum(map(len, groups)) == len(set.union(*groups))
    assert np.linalg.norm(cells.centres, axis=1) == pytest.approx(1, abs=1e-4)


def test_each_film_is_in_the_cell_of_the_nearest_centre_and_the_same_films_give_the_same_cells(monkeypatch):
    monkeypatch.setattr(data_jobs.cells, "VERY_MANY", 100)
    monkeypatch.setattr(data_jobs.cells, "_BLOCK", 37)
    first, second = (with_cells(clustered(5, 400), Silent()) for _ in range(2))
    assert np.array_equal(first.cells.of, second.cells.of)
    products = first.directions(np.arange(400)) @ first.cells.centres.T
    assert np.take_along_axis(products, first.cells.of[:, None].astype(int), 1)[:, 0] == pytest.approx(products.max(1))
