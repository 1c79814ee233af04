"""The choice of candidates, and the dense signal of search hits."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.candidates import retrieval
from services.recommender.domain.best_sums import BestSums
from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Hits
from tests.builders import ManualClock, make_bundle, make_release
from tests.patience import PATIENCE_S


class TestCandidates:
    @given(st.lists(st.integers(-2, 5), min_size=1, max_size=80), st.integers(1, 90), st.data())
    def test_are_the_head_of_the_full_order(self, scores, size, data):
        base = np.array(scores, np.float32)
        allowed = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
        expected = sorted(np.flatnonzero(allowed).tolist(), key=lambda row: (-base[row], row))[:size]
        assert retrieval.best_rows(base, allowed, size).tolist() == expected
        assert retrieval.candidates(base, allowed, size=size).tolist() == sorted(expected)

    @pytest.mark.parametrize("levels", [1, 3, 40, 5_000])
    @pytest.mark.parametrize("share", [0.02, 0.5, 1])
    def test_are_the_head_of_the_full_order_of_many_films(self, levels, share):
        rng = np.random.default_rng(levels)
        base, allowed = rng.integers(0, levels, 5_000).astype(np.float32), rng.random(5_000) < share
        films = np.flatnonzero(allowed)
        for size in (1, 90, 200, 4_999):
            expected = films[np.lexsort((films, -base[films]))][:size]
            assert retrieval.best_rows(base, allowed, size).tolist() == expected.tolist()

    def test_films_of_other_retrievers_are_added_if_allowed(self):
        base, allowed = np.arange(900, dtype=np.float32), np.ones(900, bool)
        allowed[7] = False
        brought = [np.array([3, 7], np.int32), np.array([3, 9], np.int32)]
        assert retrieval.candidates(base, allowed, retrieved=brought).tolist() == [3, 9, *range(400, 900)]

    def test_films_with_few_events_have_reserved_places(self):
        base, novelty = np.arange(2_000, dtype=np.float32), np.zeros(2_000, np.float32)
        novelty[:300] = 1
        rows = retrieval.candidates(base, np.ones(2_000, bool), novelty)
        assert rows.tolist() == [*range(100, 300), *range(1_500, 2_000)]


class TestHitsSignal:
    def test_is_one_at_the_reference_and_zero_at_the_floor(self):
        hits = Hits(np.array([4, 2, 9], np.int32), np.array([6, 4, 2], np.float32), reference=4.0, floor=2.0)
        signal = retrieval.hits_signal(hits, 10)
        assert signal[[4, 2, 9]].tolist() == [2, 1, 0]
        assert not signal[[0, 1, 3]].any()

    @pytest.mark.parametrize(
        "hits",
        [
            None,
            Hits(np.empty(0, np.int32), np.empty(0, np.float32), 0.0),
            Hits(np.array([1]), np.array([2.0]), 2.0, 2.0),
        ],
    )
    def test_is_zero_if_there_are_no_hits_or_all_are_at_the_floor(self, hits):
        assert not retrieval.hits_signal(hits, 5).any()


class TestCandidatesOfALargeCatalogue:
    @pytest.mark.parametrize("liked", [(0,), (3, 10, 40), tuple(range(0, 60, 3))])
    @pytest.mark.parametrize("familiarity", [None, 0.2])
    def test_equal_those_from_sums_for_all_films(self, monkeypatch, liked, familiarity):
        # Few films are well known, as in any catalogue, and most have no events.
        rows = np.arange(4_000)
        popularity = np.where(rows < 900, 1 / (1 + rows), 0).astype(np.float32)
        bundle = make_bundle(4_000, outside=3_000, vectors=False)
        tables = replace(
            bundle.collaborative,
            events=np.where(rows < 1_000, 4_000 - rows, 0).astype(np.int32),
            neighbours=np.random.default_rng(0).integers(0, 300, (2, 3_000)).astype(np.uint16),
        )
        bundle = replace(bundle, popularity=popularity, acclaim=np.zeros_like(popularity), collaborative=tables)
        ids = tuple(bundle.catalogue.item_ids[row] for row in liked)
        request = Request(k=100, liked=ids, familiarity=familiarity, diversity=0.0)

        def answer():
            pipeline = Pipeline(make_release(bundle), None)
            ranking = pipeline.rank(request, None, Deadline.within(ManualClock(), PATIENCE_S), with_reasons=False)
            return [(item.row, item.score) for item in ranking.items], ranking.counts["ranked"]

        dense = answer()
        sparse, original = [], BestSums.best
        monkeypatch.setattr("services.recommender.facts.MANY", 1)
        monkeypatch.setattr("services.recommender.domain.best_sums._WORTH", 1.0)
        monkeypatch.setattr(BestSums, "best", lambda *of: sparse.append(original(*of)) or sparse[-1])
        assert answer() == dense
        assert sparse
        assert sparse[0] is not None
