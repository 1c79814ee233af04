import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from services.adapters.search.hit_scores import EMPTY, best_known_first, best_of, ordered, same_scores, with_reference

SCORES = hnp.arrays(np.float32, st.integers(1, 80), elements=st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5]))


@given(SCORES, st.integers(1, 100))
def test_best_of_some_films(scores, size):
    rows = np.arange(len(scores), dtype=np.int32) * 3
    hits = best_of(rows, scores, size)
    assert len(hits.rows) == min(size, len(scores))
    assert hits.scores.tolist() == sorted(scores.tolist(), reverse=True)[:size]
    assert np.array_equal(scores[hits.rows // 3], hits.scores)


def test_best_of_no_films_is_empty():
    assert best_of(EMPTY.rows, EMPTY.scores, 3).rows.tolist() == []


def test_reference_and_floor_of_nothing():
    assert with_reference(EMPTY, EMPTY, 5).reference == 0.0
    assert with_reference(EMPTY, EMPTY, 5).floor == 0.0


def test_reference_of_few_hits_is_their_mean():
    hits = ordered(np.array([3, 1], np.int32), np.array([2.0, 4.0], np.float32))
    assert hits.rows.tolist() == [1, 3]
    assert with_reference(hits, hits, 2).reference == pytest.approx(3.0)
    assert with_reference(hits, hits, 2).floor == 2.0
    assert with_reference(hits, hits, 3).floor == 0.0


def test_namesakes_exchange_their_scores():
    hits = ordered(np.array([4, 5, 6, 7], np.int32), np.array([9.0, 8.0, 7.0, 6.0], np.float32))
    rank = np.array([0, 0, 0, 0, 3, 1, 2, 0], np.int32)
    reordered = best_known_first(hits, np.array([4, 6], np.int32), rank)
    assert reordered.rows.tolist() == [6, 5, 4, 7]
    assert reordered.scores.tolist() == [9.0, 8.0, 7.0, 6.0]
    assert best_known_first(hits, np.array([4], np.int32), rank) is hits


def test_scores_are_copied_from_the_unfiltered_hits():
    everything = ordered(np.array([1, 2], np.int32), np.array([9.0, 8.0], np.float32))
    hits = ordered(np.array([2, 3], np.int32), np.array([8.5, 8.2], np.float32))
    same = same_scores(hits, everything, 5)
    assert same.rows.tolist() == [3, 2]
    assert same.scores.tolist() == pytest.approx([8.2, 8.0])
