"""OpenSearch finds what the embedded engine finds: titles, typing errors, names of people, vectors."""

import numpy as np
import pytest

from data_jobs.evaluate.parts.queries import make
from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.domain.genres import to_mask
from services.recommender.ports import Deadline, SearchRequest
from tests.builders import ManualClock
from tests.patience import PATIENCE_S

NOW = Deadline.within(ManualClock(), PATIENCE_S)
SEED = 7


@pytest.mark.parametrize("kind", ["exact", "typo", "director"])
def test_fifty_queries_find_the_same_films(sample, sample_local, sample_search, kind):
    same, overlaps, apart = [], [], []
    queries = make(sample.catalogue, SEED)[kind]
    for query in queries:
        request = SearchRequest(text=query.text)
        here, there = sample_local.search(request, NOW).text, sample_search.search(request, NOW).text
        same.append(here.rows[0] == there.rows[0])
        first = set(here.rows[:10].tolist())
        overlaps.append(len(first & set(there.rows[:10].tolist())) / len(first))
        apart.append(abs(there.reference / here.reference - 1))
    assert len(queries) == 50
    assert np.mean(same) == 1.0
    assert np.mean(overlaps) >= 0.95
    assert min(overlaps) >= 0.8
    assert np.median(apart) <= 0.01, "the same scale; single words are stemmed in another way (pasting: paste, past)"


@pytest.mark.parametrize("filters", [NO_FILTERS, Filters(genres=to_mask(["Drama"]), year_from=1980)])
@pytest.mark.parametrize("films", [1, 4])
def test_vectors_find_the_same_films(sample, sample_search, films, filters):
    rng, overlaps = np.random.default_rng(SEED), []
    passing = filters.mask(sample.catalogue)
    for _ in range(25):
        vectors = sample.embeddings.rows(rng.choice(len(sample.catalogue), films, replace=False))
        exact = np.where(passing, sample.embeddings.cosines(vectors), -2)
        hits = sample_search.search(SearchRequest(vectors=vectors, filters=filters, size=200), NOW).knn
        wanted = np.argsort(-exact)[: min(200, np.count_nonzero(passing))]
        overlaps.append(len(set(hits.rows.tolist()) & set(wanted.tolist())) / len(wanted))
    assert np.mean(overlaps) >= 0.95


@pytest.mark.parametrize("text", ["war", "a detective in love", "space", "the"])
def test_scores_are_on_the_same_scale(sample_local, sample_search, text):
    """BM25 of Lucene since version 8 is 2.2 times smaller; the constants for names are not."""
    request = SearchRequest(text=text, size=20)
    here, there = sample_local.search(request, NOW).text, sample_search.search(request, NOW).text
    assert there.scores[0] == pytest.approx(here.scores[0], rel=0.05)
    assert there.reference == pytest.approx(here.reference, rel=0.05)
