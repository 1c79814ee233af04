import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.genres import to_mask
from services.recommender.ranking import ranker
from tests.builders import make_bundle, make_catalogue

SCALE = 1.6
relevances = st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=50).map(
    lambda values: np.array(values, np.float32)
)


def slow_mmr(relevance, similarity, amount):
    """Return the order of MMR by the loop in its docstring, in plain Python."""
    best = max(float(r) for r in relevance)
    left, chosen = list(range(len(relevance))), []
    while left:

        def value(i):
            similar = sum(float(similarity[i, j]) for j in chosen) / max(len(chosen), 1)
            gain = float(relevance[i]) / (best if best > 0 else 1.0)
            return (1 - amount) * gain - amount * SCALE * similar

        first = max(left, key=lambda i: (round(value(i), 9), -i))
        chosen.append(first)
        left.remove(first)
    return chosen


class TestMmr:
    @given(relevances, st.sampled_from([0.1, 0.2, 0.5, 1.0]), st.integers(0, 100))
    def test_equals_the_plain_loop(self, relevance, amount, seed):
        similarity = np.random.default_rng(seed).random((len(relevance), len(relevance))).astype(np.float32)
        similarity = (similarity + similarity.T) / 2
        fast = ranker.mmr(relevance, similarity, amount, len(relevance), SCALE).tolist()
        assert sorted(fast) == list(range(len(relevance)))
        if len(set(np.round(relevance, 3).tolist())) == len(relevance) and amount < 1:
            assert fast == slow_mmr(relevance, similarity, amount)

    @given(relevances, st.integers(0, 60), st.integers(0, 100))
    def test_a_short_page_is_a_prefix_of_the_whole_order(self, relevance, count, seed):
        similarity = np.random.default_rng(seed).random((len(relevance), len(relevance))).astype(np.float32)
        whole = ranker.mmr(relevance, similarity, 0.3, len(relevance), SCALE).tolist()
        assert ranker.mmr(relevance, similarity, 0.3, count, SCALE).tolist() == whole[:count]

    def test_without_diversity_nothing_moves(self):
        order = ranker.mmr(np.array([3, 1, 2], np.float32), np.eye(3, dtype=np.float32), 0.0, 3, SCALE)
        assert order.tolist() == [0, 1, 2]

    def test_the_best_film_stays_first(self):
        similarity = np.ones((4, 4), np.float32)
        assert ranker.mmr(np.array([4, 3, 2, 1], np.float32), similarity, 0.9, 4, SCALE)[0] == 0

    def test_a_near_duplicate_comes_later(self):
        similarity = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], np.float32)
        order = ranker.mmr(np.array([1.0, 0.95, 0.9], np.float32), similarity, 0.5, 3, SCALE)
        assert order.tolist() == [0, 2, 1]


class TestLikeness:
    def test_genre_jaccard(self):
        bits = np.array([to_mask(["Drama", "War"]), to_mask(["Drama"]), 0], np.uint32)
        assert ranker.genre_jaccard(bits) == pytest.approx(np.array([[1, 0.5, 0], [0.5, 1, 0], [0, 0, 0]]))

    def test_lies_between_0_and_1_and_is_symmetric(self):
        bundle = make_bundle()
        result = ranker.likeness(bundle, np.arange(40, dtype=np.int32))
        assert result.min() >= 0
        assert result.max() <= 1 + 1e-6
        assert result == pytest.approx(result.T, abs=1e-6)

    def test_falls_back_on_genres_without_vectors(self):
        bundle = make_bundle(vectors=False)
        rows = np.arange(9, dtype=np.int32)
        assert ranker.likeness(bundle, rows) == pytest.approx(ranker.genre_jaccard(bundle.catalogue.genre_bits[rows]))

    def test_unknown_years_and_genres_are_not_similar(self):
        catalogue = make_catalogue(10)
        catalogue.years[:2] = 0
        catalogue.genre_bits[:2] = 0
        assert ranker.likeness_by_facts(catalogue, np.array([0, 1], np.int32)).max() == 0
