from dataclasses import replace

import numpy as np
import pytest

from data_jobs.nearest import nearest_films
from data_jobs.report import Silent
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.domain.genres import to_mask
from services.recommender.errors import SearchUnavailable
from services.recommender.ports import Deadline, SearchRequest
from tests.builders import ManualClock
from tests.patience import PATIENCE_S

NOW = Deadline.within(ManualClock(), PATIENCE_S)
# The length of int8 rows differs from 1 by up to this, and so do the scores of an engine that normalises.
VECTORS_ROUNDED = 0.01


def hits_for(search, vectors, **options):
    return search.search(SearchRequest(vectors=vectors, **options), NOW).knn


def test_the_nearest_films_of_any_query_vector(world, world_search):
    vectors = world.embeddings.rows(np.array([5, 7]))
    hits = hits_for(world_search, vectors, size=40)
    cosines = world.embeddings.cosines(vectors)
    assert set(hits.rows[:2].tolist()) == {5, 7}
    assert len(set(hits.rows.tolist()) & set(np.argsort(-cosines)[:40].tolist())) >= 39
    assert hits.scores == pytest.approx(cosines[hits.rows], abs=VECTORS_ROUNDED)
    assert np.all(np.diff(hits.scores) <= 0)
    assert hits.rows.dtype == np.int32
    assert hits.scores.dtype == np.float32
    assert hits.floor == hits.scores[-1]
    assert hits.reference == pytest.approx(hits_for(world_search, vectors, size=50).scores.mean())


def test_the_film_of_a_query_vector_is_nearest(world, world_search):
    assert hits_for(world_search, world.embeddings.rows(np.array([42])), size=1).rows.tolist() == [42]


@pytest.mark.parametrize("count", [0, 60, 300])
@pytest.mark.parametrize("filters", [NO_FILTERS, Filters(genres=to_mask(["Western"]))])
def test_stored_neighbours_equal_those_of_a_search(world, world_index, open_engine, count, filters):
    films = np.array([5, 59, 60, 200], np.int32)
    vectors = world.embeddings.rows(films)
    nearest = nearest_films(world.embeddings, Silent(), count, 80)
    search = open_engine(replace(world, nearest=nearest), world_index)
    looked_up = hits_for(search, vectors, films=films, size=70, filters=filters)
    searched = hits_for(search, vectors, size=70, filters=filters)
    assert len(set(looked_up.rows.tolist()) ^ set(searched.rows.tolist())) <= 2
    assert looked_up.scores == pytest.approx(searched.scores, abs=1e-3)
    assert looked_up.reference == pytest.approx(searched.reference, abs=1e-3)
    assert looked_up.floor == pytest.approx(searched.floor, abs=1e-3)


def test_a_request_for_more_films_than_stored_neighbours_searches(world, world_index, open_engine):
    films = np.array([5], np.int32)
    search = open_engine(replace(world, nearest=nearest_films(world.embeddings, Silent(), 300, 60)), world_index)
    assert len(hits_for(search, world.embeddings.rows(films), films=films, size=70).rows) == 70


def test_the_score_is_the_maximum_over_query_vectors(world, world_search):
    both = hits_for(world_search, world.embeddings.rows(np.array([0, 1])), size=300)
    first, second = (hits_for(world_search, world.embeddings.rows(np.array([row])), size=300) for row in (0, 1))
    best = np.full(300, -2.0)
    for hits in (first, second):
        best[hits.rows] = np.maximum(best[hits.rows], hits.scores)
    assert both.scores == pytest.approx(best[both.rows], abs=1e-5)


def test_a_filter_that_leaves_fewer_films_than_requested(world, world_search):
    filters = Filters(genres=to_mask(["Western"]), year_from=1990)
    passing = set(np.flatnonzero(filters.mask(world.catalogue)).tolist())
    assert 0 < len(passing) < 200
    hits = hits_for(world_search, world.embeddings.rows(np.array([5])), filters=filters, size=200)
    assert set(hits.rows.tolist()) == passing


@pytest.mark.parametrize("shelf", [(), (7,), (3, 10, 200, 299)])
def test_all_films_of_a_shelf_are_found_at_any_distance(world, world_search, shelf):
    vectors = world.embeddings.rows(np.array([5]))
    hits = hits_for(world_search, vectors, filters=Filters(rows=shelf), size=50)
    assert sorted(hits.rows.tolist()) == list(shelf)
    assert hits.scores == pytest.approx(world.embeddings.cosines(vectors)[hits.rows], abs=VECTORS_ROUNDED)
    assert hits.reference == hits_for(world_search, vectors, size=50).reference


def test_a_filter_that_leaves_no_films(world, world_search):
    hits = hits_for(world_search, world.embeddings.rows(np.array([5])), filters=Filters(year_from=3_000), size=10)
    assert hits.rows.tolist() == []
    assert hits.reference > 0


def test_a_zero_query_vector_is_ignored(world_search, world):
    film = world.embeddings.rows(np.array([9]))
    mixed = hits_for(world_search, np.concatenate([film, np.zeros_like(film)]), size=20)
    assert mixed.rows[0] == 9
    empty = hits_for(world_search, np.zeros_like(film), size=20)
    assert not empty.scores.any()
    assert (empty.reference, empty.floor) == (0.0, 0.0)


def test_filters_do_not_change_scores(world, world_search):
    vectors = world.embeddings.rows(np.array([5]))
    filters = Filters(genres=to_mask(["Western"]))
    everything, western = (
        hits_for(world_search, vectors, size=1_000),
        hits_for(world_search, vectors, filters=filters, size=1_000),
    )
    passing = filters.mask(world.catalogue)[everything.rows]
    assert western.rows.tolist() == everything.rows[passing].tolist()
    assert (western.reference, western.floor) == (everything.reference, everything.floor)
    few = hits_for(world_search, vectors, filters=filters, size=30)
    assert len(few.rows) == 30
    assert few.floor == hits_for(world_search, vectors, size=30).floor


def test_films_without_a_vector_are_not_returned(world, world_index, open_engine):
    vectors = world.embeddings.rows(np.arange(300))
    vectors[::2] = 0
    bundle = replace(world, embeddings=Embeddings.quantise(vectors, "test-encoder"))
    hits = hits_for(open_engine(bundle, world_index), vectors[1:2], size=1_000)
    assert sorted(hits.rows.tolist()) == list(range(1, 300, 2))
    assert hits.floor == 0.0


def test_a_bundle_without_vectors_has_no_vector_hits(world, world_index, open_engine):
    search = open_engine(replace(world, embeddings=None), world_index)
    assert hits_for(search, np.ones((1, 16), np.float32)) is None


def test_without_query_vectors_there_are_no_vector_hits(world_search):
    assert hits_for(world_search, np.empty((0, 16), np.float32)) is None


@pytest.mark.parametrize("shape", [(1, 8), (16,), (1, 1, 16)])
def test_vectors_of_another_encoder_are_refused(world_search, shape):
    with pytest.raises(SearchUnavailable, match="test-encoder"):
        hits_for(world_search, np.ones(shape, np.float32))


def test_both_legs_in_one_call(world, world_search):
    vectors = world.embeddings.rows(np.array([5]))
    result = world_search.search(SearchRequest(text="film 7", vectors=vectors), NOW)
    assert result.text.rows[0] == 7
    assert result.knn.rows[0] == 5
