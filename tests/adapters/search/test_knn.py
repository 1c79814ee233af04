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
# Rows of int8 codes are of unit length up to this; an engine that normalises differs by as much.
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


def test_of_one_query_vector_the_film_itself_is_nearest(world, world_search):
    assert hits_for(world_search, world.embeddings.rows(np.array([42])), size=1).rows.tolist() == [42]


@pytest.mark.parametrize("known", [0, 60, 300])
@pytest.mark.parametrize("filters", [NO_FILTERS, Filters(genres=to_mask(["Western"]))])
def test_neighbours_that_the_bundle_has_are_those_that_a_search_finds(world, world_index, open_engine, known, filters):
    films = np.array([5, 59, 60, 200], np.int32)
    vectors = world.embeddings.rows(films)
    nearest = nearest_films(world.embeddings, Silent(), known, 80)
    search = open_engine(replace(world, nearest=nearest), world_index)
    looked_up = hits_for(search, vectors, films=films, size=70, filters=filters)
    searched = hits_for(search, vectors, size=70, filters=filters)
    assert len(set(looked_up.rows.tolist()) ^ set(searched.rows.tolist())) <= 2
    assert looked_up.scores == pytest.approx(searched.scores, abs=1e-3)
    assert looked_up.reference == pytest.approx(searched.reference, abs=1e-3)
    assert looked_up.floor == pytest.approx(searched.floor, abs=1e-3)


def test_more_films_than_there_are_neighbours_are_searched_for(world, world_index, open_engine):
    films = np.array([5], np.int32)
    search = open_engine(replace(world, nearest=nearest_films(world.embeddings, Silent(), 300, 60)), world_index)
    assert len(hits_for(search, world.embeddings.rows(films), films=films, size=70).rows) == 70


def test_two_tastes_stay_two(world, world_search):
    both = hits_for(world_search, world.embeddings.rows(np.array([0, 1])), size=300)
    one, other = (hits_for(world_search, world.embeddings.rows(np.array([row])), size=300) for row in (0, 1))
    best = np.full(300, -2.0)
    for hits in (one, other):
        best[hits.rows] = np.maximum(best[hits.rows], hits.scores)
    assert both.scores == pytest.approx(best[both.rows], abs=1e-5)


def test_a_filter_that_leaves_fewer_than_were_asked_for(world, world_search):
    filters = Filters(genres=to_mask(["Western"]), year_from=1990)
    passing = set(np.flatnonzero(filters.mask(world.catalogue)).tolist())
    assert 0 < len(passing) < 200
    hits = hits_for(world_search, world.embeddings.rows(np.array([5])), filters=filters, size=200)
    assert set(hits.rows.tolist()) == passing


@pytest.mark.parametrize("shelf", [(), (7,), (3, 10, 200, 299)])
def test_the_films_of_a_shelf_are_found_however_far_away_they_are(world, world_search, shelf):
    vectors = world.embeddings.rows(np.array([5]))
    hits = hits_for(world_search, vectors, filters=Filters(rows=shelf), size=50)
    assert sorted(hits.rows.tolist()) == list(shelf)
    assert hits.scores == pytest.approx(world.embeddings.cosines(vectors)[hits.rows], abs=VECTORS_ROUNDED)
    assert hits.reference == hits_for(world_search, vectors, size=50).reference


def test_a_filter_that_leaves_none(world, world_search):
    hits = hits_for(world_search, world.embeddings.rows(np.array([5])), filters=Filters(year_from=3_000), size=10)
    assert hits.rows.tolist() == []
    assert hits.reference > 0


def test_a_seed_without_a_vector_says_nothing(world_search, world):
    film = world.embeddings.rows(np.array([9]))
    beside = hits_for(world_search, np.concatenate([film, np.zeros_like(film)]), size=20)
    assert beside.rows[0] == 9
    nothing = hits_for(world_search, np.zeros_like(film), size=20)
    assert not nothing.scores.any()
    assert (nothing.reference, nothing.floor) == (0.0, 0.0)


def test_filters_choose_but_change_no_score(world, world_search):
    vectors = world.embeddings.rows(np.array([5]))
    filters = Filters(genres=to_mask(["Western"]))
    everything, western = (
        hits_for(world_search, vectors, size=1_000),
        hits_for(world_search, vectors, filters=filters, size=1_000),
    )
    kept = filters.mask(world.catalogue)[everything.rows]
    assert western.rows.tolist() == everything.rows[kept].tolist()
    assert (western.reference, western.floor) == (everything.reference, everything.floor)
    few = hits_for(world_search, vectors, filters=filters, size=30)
    assert len(few.rows) == 30
    assert few.floor == hits_for(world_search, vectors, size=30).floor


def test_films_without_a_vector_are_no_hits(world, world_index, open_engine):
    vectors = world.embeddings.rows(np.arange(300))
    vectors[::2] = 0
    bundle = replace(world, embeddings=Embeddings.quantise(vectors, "test-encoder"))
    hits = hits_for(open_engine(bundle, world_index), vectors[1:2], size=1_000)
    assert sorted(hits.rows.tolist()) == list(range(1, 300, 2))
    assert hits.floor == 0.0


def test_a_bundle_without_vectors_has_no_such_retriever(world, world_index, open_engine):
    search = open_engine(replace(world, embeddings=None), world_index)
    assert hits_for(search, np.ones((1, 16), np.float32)) is None


def test_no_query_vectors_no_retriever(world_search):
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
