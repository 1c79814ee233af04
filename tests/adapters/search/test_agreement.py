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
    same_first, overlaps, deviations = [], [], []
    queries = make(sample.catalogue, SEED)[kind]
    for query in queries:
        request = SearchRequest(text=query.text)
        local, remote = sample_local.search(request, NOW).text, sample_search.search(request, NOW).text
        same_first.append(local.rows[0] == remote.rows[0])
        first = set(local.rows[:10].tolist())
        overlaps.append(len(first & set(remote.rows[:10].tolist())) / len(first))
        deviations.append(abs(remote.reference / local.reference - 1))
    assert len(queries) == 50
    assert np.mean(same_first) == 1.0
    assert np.mean(overlaps) >= 0.95
    assert min(overlaps) >= 0.8
    assert np.median(deviations) <= 0.01, (
        "the same scale, except for words that the stemmers treat differently (pasting: paste, past)"
    )


@pytest.mark.parametrize("filters", [NO_FILTERS, Filters(genres=to_mask(["Drama"]), year_from=1980)])
@pytest.mark.parametrize("films", [1, 4])
def test_vectors_find_the_same_films(sample, sample_search, films, filters):
    rng, overlaps = np.random.default_rng(SEED), []
    passing = filters.mask(sample.catalogue)
    for _ in range(25):
        vectors = sample.embeddings.rows(rng.choice(len(sample.catalogue), films, replace=False))
        exact = np.where(passing, sample.embeddings.cosines(vectors), -2)
        hits = sample_search.search(SearchRequest(vectors=vectors, filters=filters, size=200), NOW).knn
        expected = np.argsort(-exact)[: min(200, np.count_nonzero(passing))]
        overlaps.append(len(set(hits.rows.tolist()) & set(expected.tolist())) / len(expected))
    assert np.mean(overlaps) >= 0.95


@pytest.mark.parametrize("text", ["war", "a detective in love", "space", "the"])
def test_scores_are_on_the_same_scale(sample_local, sample_search, text):
    """Since Lucene 8, BM25 scores are 2.2 times smaller; constant scores for names are not."""
    request = SearchRequest(text=text, size=20)
    local, remote = sample_local.search(request, NOW).text, sample_search.search(request, NOW).text
    assert remote.scores[0] == pytest.approx(local.scores[0], rel=0.05)
    assert remote.reference == pytest.approx(local.reference, rel=0.05)
