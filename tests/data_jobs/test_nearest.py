import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import data_jobs.nearest
from data_jobs.nearest import nearest_films
from data_jobs.report import Silent
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.nearest import NONE


def some_vectors(films: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(films, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(1, 60), st.integers(1, 70), st.integers(1, 12), st.integers(3, 40), st.integers(0, 5))
def test_neighbours_are_exact_for_any_division_of_the_catalogue(films, first, count, span, seed):
    embeddings = Embeddings.quantise(some_vectors(films, seed), "test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_jobs.nearest, "_SPAN", span)
        patch.setattr(data_jobs.nearest, "_BLOCK", 7)
        nearest = nearest_films(embeddings, Silent(), first, count)
    assert nearest.rows.shape == nearest.cosines.shape == (min(films, first), min(films, count))
    cosines = embeddings.rows(np.arange(films)) @ embeddings.rows(np.arange(films)).T
    for film, (rows, values) in enumerate(zip(nearest.rows, nearest.cosines, strict=True)):
        assert len(set(rows.tolist())) == len(rows)
        assert values == pytest.approx(np.sort(cosines[film])[::-1][: len(rows)], abs=1e-3)
        assert values == pytest.approx(cosines[film, rows], abs=1e-3)
        assert np.all(np.diff(values) <= 0)


def test_films_without_a_vector_have_no_neighbours_and_are_no_neighbours():
    vectors = some_vectors(9)
    vectors[[0, 4]] = 0
    nearest = nearest_films(Embeddings.quantise(vectors, "test"), Silent(), 5, 8)
    assert nearest.rows[[0, 4]].tolist() == [[NONE] * 8] * 2
    assert nearest.rows[1, 0] == 1
    assert set(nearest.rows[1].tolist()) == {1, 2, 3, 5, 6, 7, 8, NONE}
    assert np.isfinite(nearest.cosines).all()


def test_of_equally_near_films_the_lower_rows_are_kept_wherever_the_spans_end(monkeypatch):
    monkeypatch.setattr(data_jobs.nearest, "_SPAN", 6)
    vectors = np.repeat(some_vectors(5), 8, axis=0)[np.random.default_rng(3).permutation(40)]
    embeddings = Embeddings.quantise(vectors, "test")
    products = embeddings.codes.astype(np.int64) @ embeddings.codes.astype(np.int64).T
    nearest = nearest_films(embeddings, Silent(), 40, 11)
    for film, rows in enumerate(nearest.rows):
        order = np.lexsort((np.arange(40), -(products[film] * embeddings.scales)))
        assert rows.tolist() == order[:11].tolist()


def test_neighbours_do_not_depend_on_the_division_of_the_catalogue(monkeypatch):
    embeddings = Embeddings.quantise(some_vectors(500), "test")
    whole = nearest_films(embeddings, Silent(), 300, 20)
    monkeypatch.setattr(data_jobs.nearest, "_SPAN", 31)
    monkeypatch.setattr(data_jobs.nearest, "_BLOCK", 17)
    parts = nearest_films(embeddings, Silent(), 300, 20)
    assert np.array_equal(whole.rows, parts.rows)
    assert np.array_equal(whole.cosines, parts.cosines)
