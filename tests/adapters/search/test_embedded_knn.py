from dataclasses import replace

import numpy as np
import pytest

from services.adapters.search.embedded import EmbeddedSearch
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.filters import Filters
from services.recommender.domain.genres import to_mask
from services.recommender.errors import SearchUnavailable
from services.recommender.ports import Deadline, SearchRequest
from tests.builders import ManualClock

NOW = Deadline.within(ManualClock(), 1)


def leg(search, vectors, **options):
    return search.search(SearchRequest(vectors=vectors, **options), NOW).knn


def test_the_nearest_films_of_any_query_vector(world, world_search):
    vectors = world.embeddings.rows(np.array([5, 7]))
    hits = leg(world_search, vectors, size=40)
    cosines = world.embeddings.cosines(vectors)
    assert set(hits.rows[:2].tolist()) == {5, 7}
    assert hits.rows.tolist() == np.lexsort((np.arange(300), -cosines))[:40].tolist()
    assert np.array_equal(hits.scores, cosines[hits.rows])
    assert hits.rows.dtype == np.int32
    assert hits.scores.dtype == np.float32
    assert hits.floor == hits.scores[-1]
    assert hits.reference == pytest.approx(leg(world_search, vectors, size=50).scores.mean())


def test_filters_choose_but_change_no_score(world, world_search):
    vectors = world.embeddings.rows(np.array([5]))
    filters = Filters(genres=to_mask(["Western"]))
    everything, western = (
        leg(world_search, vectors, size=1_000),
        leg(world_search, vectors, filters=filters, size=1_000),
    )
    kept = filters.mask(world.catalogue)[everything.rows]
    assert western.rows.tolist() == everything.rows[kept].tolist()
    assert (western.reference, western.floor) == (everything.reference, everything.floor)
    few = leg(world_search, vectors, filters=filters, size=30)
    assert len(few.rows) == 30
    assert few.floor == leg(world_search, vectors, size=30).floor


def test_films_without_a_vector_are_no_hits(world, world_index):
    vectors = world.embeddings.rows(np.arange(300))
    vectors[::2] = 0
    bundle = replace(world, embeddings=Embeddings.quantise(vectors, "test-encoder"))
    hits = leg(EmbeddedSearch(bundle, world_index), vectors[1:2], size=1_000)
    assert sorted(hits.rows.tolist()) == list(range(1, 300, 2))
    assert hits.floor == 0.0


def test_a_bundle_without_vectors_has_no_such_leg(world, world_index):
    search = EmbeddedSearch(replace(world, embeddings=None), world_index)
    assert leg(search, np.ones((1, 16), np.float32)) is None


def test_no_query_vectors_no_leg(world_search):
    assert leg(world_search, np.empty((0, 16), np.float32)) is None


@pytest.mark.parametrize("shape", [(1, 8), (16,), (1, 1, 16)])
def test_vectors_of_another_encoder_are_refused(world_search, shape):
    with pytest.raises(SearchUnavailable, match="test-encoder"):
        leg(world_search, np.ones(shape, np.float32))


def test_both_legs_in_one_call(world, world_search):
    vectors = world.embeddings.rows(np.array([5]))
    result = world_search.search(SearchRequest(text="film 7", vectors=vectors), NOW)
    assert result.text.rows[0] == 7
    assert result.knn.rows[0] == 5
