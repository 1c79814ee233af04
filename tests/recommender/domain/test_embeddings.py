import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import data_jobs.cells
from data_jobs.cells import with_cells
from data_jobs.report import Silent
from services.recommender.domain import cells as cells_module
from services.recommender.domain import embeddings as embeddings_module
from services.recommender.domain.embeddings import BLOCK_ROWS, MANY, SHORTLIST, Embeddings


def unit(films: int, dims: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(films, dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_quantised_vectors_have_one_byte_per_number_and_one_scale_per_film():
    embeddings = Embeddings.quantise(unit(10, 32), "test:1")
    assert embeddings.codes.dtype == np.int8
    assert embeddings.codes.shape == (10, 32)
    assert np.abs(embeddings.codes).max(axis=1).tolist() == [127] * 10
    assert embeddings.scales.dtype == embeddings.mean.dtype == np.float32
    assert (embeddings.dims, embeddings.encoder_id) == (32, "test:1")


@given(st.integers(1, 40), st.integers(1, 64), st.integers(0, 9))
def test_the_quantisation_error_is_at_most_half_a_step(films, dims, seed):
    vectors = unit(films, dims, seed)
    embeddings = Embeddings.quantise(vectors, "test")
    back = embeddings.rows(np.arange(films))
    assert np.all(np.abs(back - vectors) <= embeddings.scales[:, None] * 0.501)


@settings(max_examples=30)
@given(
    films=st.sampled_from([1, 7, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 3 * BLOCK_ROWS + 5]),
    queries=st.integers(1, 4),
)
def test_cosines_are_the_maximum_over_the_queries_in_every_block(films, queries):
    embeddings = Embeddings.quantise(unit(films, 24), "test")
    vectors = unit(queries, 24, seed=1)
    plain = (embeddings.rows(np.arange(films)) @ vectors.T).max(axis=1)
    cosines = embeddings.cosines(vectors)
    assert cosines == pytest.approx(plain, abs=1e-5)
    assert cosines.dtype == np.float32
    assert cosines.shape == (films,)


def test_int8_keeps_the_neighbours():
    vectors = unit(5_000, 384)
    embeddings = Embeddings.quantise(vectors, "test")
    overlaps = []
    for query in unit(20, 384, seed=2):
        exact = set(np.argsort(-(vectors @ query))[:200].tolist())
        overlaps.append(len(exact & set(np.argsort(-embeddings.cosines(query[None]))[:200].tolist())) / 200)
    assert np.mean(overlaps) >= 0.98


def test_a_film_is_nearest_to_itself():
    vectors = unit(300, 48)
    cosines = Embeddings.quantise(vectors, "test").cosines(vectors[[17]])
    assert cosines.argmax() == 17
    assert cosines[17] == pytest.approx(1, abs=0.01)


def test_films_without_a_vector_have_cosine_zero_and_do_not_affect_the_mean():
    vectors = unit(4, 8)
    vectors[[1, 3]] = 0
    embeddings = Embeddings.quantise(vectors, "test")
    assert embeddings.scales[[1, 3]].tolist() == [0, 0]
    assert embeddings.rows(np.array([1])).tolist() == [[0.0] * 8]
    assert embeddings.cosines(unit(1, 8))[[1, 3]].tolist() == [0, 0]
    assert embeddings.mean == pytest.approx(vectors[[0, 2]].mean(axis=0), abs=1e-6)


@pytest.mark.parametrize("films", [0, 3])
def test_a_catalogue_without_any_vector_has_a_zero_mean_and_zero_cosines(films):
    embeddings = Embeddings.quantise(np.zeros((films, 8), np.float32), "test")
    assert embeddings.mean.tolist() == [0.0] * 8
    assert embeddings.cosines(unit(2, 8)).tolist() == [0.0] * films


def test_read_only_codes_work():
    embeddings = Embeddings.quantise(unit(9, 8), "test")
    frozen = embeddings.codes.copy()
    frozen.flags.writeable = False
    mapped = Embeddings(frozen, embeddings.scales, embeddings.mean, "test")
    assert np.array_equal(mapped.cosines(unit(1, 8)), embeddings.cosines(unit(1, 8)))


class TestNearest:
    @staticmethod
    def around(centres: int, films: int, dims: int, seed: int = 5) -> np.ndarray:
        """Return vectors distributed like those of texts: around centres, with a common direction."""
        rng = np.random.default_rng(seed)
        middles = rng.normal(size=(centres, dims)) + 0.5
        vectors = middles[rng.integers(centres, size=films)] + rng.normal(0, 0.8, (films, dims))
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    @pytest.mark.parametrize("films", [50, MANY + 77])
    def test_cosines_are_exact_and_only_allowed_films_with_a_vector_are_returned(self, films):
        vectors = self.around(40, films, 72)
        vectors[::10] = 0
        embeddings = Embeddings.quantise(vectors, "test")
        queries = vectors[[3, films - 1]]
        among = np.arange(films) % 3 > 0
        for mask in (None, among):
            rows, cosines = embeddings.nearest(queries, mask)
            allowed = (embeddings.scales > 0) & (True if mask is None else mask)
            assert (rows.dtype, cosines.dtype) == (np.int32, np.float32)
            assert cosines == pytest.approx(embeddings.cosines(queries)[rows], abs=1e-6)
            assert allowed[rows].all()
            assert (np.diff(rows) > 0).all()
            many = np.count_nonzero(allowed)
            assert len(rows) == many if films < MANY else SHORTLIST <= len(rows) < many

    @pytest.mark.parametrize("queries", [1, 8])
    def test_in_a_large_catalogue_it_finds_nearly_all_of_an_exact_search(self, queries):
        vectors = self.around(300, 60_000, 128)
        embeddings = Embeddings.quantise(vectors, "test")
        query_vectors = vectors[np.arange(queries) * 7_000]
        best = np.argsort(-embeddings.cosines(query_vectors))[:100]
        assert np.mean(np.isin(best, embeddings.nearest(query_vectors)[0])) >= 0.98

    @pytest.mark.parametrize("queries", [1, 3])
    def test_in_a_very_large_catalogue_it_searches_only_the_nearest_cells(self, monkeypatch, queries):
        for name, value in (("VERY_MANY", 20_000), ("LONG_SHORTLIST", 600)):
            monkeypatch.setattr(embeddings_module, name, value)
        monkeypatch.setattr(data_jobs.cells, "VERY_MANY", 20_000)
        monkeypatch.setattr(cells_module, "LEAST_SEARCHED", 100)
        vectors = self.around(300, 20_000, 128)
        embeddings = with_cells(Embeddings.quantise(vectors, "test"), Silent())
        query_vectors = vectors[np.arange(queries) * 6_000]
        best = np.argsort(-embeddings.cosines(query_vectors))[: 30 * queries]
        rows, cosines = embeddings.nearest(query_vectors)
        assert np.mean(np.isin(best, rows)) >= 0.95
        assert (np.diff(rows) > 0).all()
        assert len(rows) < 10_000
        assert cosines == pytest.approx(embeddings.cosines(query_vectors)[rows], abs=1e-6)
        # If few films of the nearest cells pass the filter, all films are compared.
        among = np.arange(20_000) % 300 == 7
        among[:5_000] = False
        few, _ = embeddings.nearest(query_vectors, among)
        assert few.tolist() == np.flatnonzero(among).tolist()
        half = np.arange(20_000) % 300 < 150
        rows, _ = embeddings.nearest(query_vectors, half)
        best = np.flatnonzero(half)[np.argsort(-embeddings.cosines(query_vectors)[half])[:30]]
        assert half[rows].all()
        assert np.mean(np.isin(best, rows)) >= 0.9

    def test_few_allowed_films_are_searched_exactly(self):
        vectors = self.around(40, MANY, 16)
        embeddings = Embeddings.quantise(vectors, "test")
        among = np.arange(MANY) < 100
        assert embeddings.nearest(-vectors[:1], among)[0].tolist() == list(range(100))
        assert not len(embeddings.nearest(vectors[:1], np.zeros(MANY, bool))[0])


@given(st.integers(1, 40), st.integers(2, 16), st.integers(0, 1_000))
def test_products_of_centred_vectors_equal_the_explicit_ones(films, dims, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(films, dims)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:: max(films // 3, 2)] = 0
    embeddings = Embeddings.quantise(vectors, "test")
    rows = np.arange(films)
    explicit = embeddings.rows(rows) - embeddings.mean
    length = np.linalg.norm(explicit, axis=1, keepdims=True)
    nowhere = (embeddings.scales == 0) | (length[:, 0] < 0.1)
    explicit = np.where(nowhere[:, None], 0, explicit / np.where(length > 0, length, 1))
    centred, weights = embeddings.centred(rows), rng.random(films).astype(np.float32)
    if not (nowhere & (embeddings.scales > 0)).any():
        assert centred.totals(weights[None, :])[0] == pytest.approx(weights @ explicit, abs=2e-3)
        assert centred.dots(vectors) == pytest.approx(vectors @ explicit.T, abs=2e-3)
        assert centred.products(centred) == pytest.approx(explicit @ explicit.T, abs=2e-3)
    assert not centred.dots(vectors)[:, embeddings.scales == 0].any()


@pytest.mark.parametrize("films", [1, 300, 900])
@pytest.mark.parametrize("others", [0, 1, 3, 40])
def test_products_with_a_few_vectors_are_those_with_all(films, others):
    centred, vectors = (
        Embeddings.quantise(unit(films, 384), "test").centred(np.arange(films)),
        unit(others, 384, seed=1),
    )
    expected = np.array([centred.vectors() @ vector for vector in vectors]).reshape(others, films)
    assert centred.dots(vectors) == pytest.approx(expected, abs=1e-5)
