"""Likes first, votes only to order equals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.train.interactions import interactions_of
from data_jobs.train.popularity import novelty, popularity
from tests.data_jobs.train.worlds import events_of, ratings


def of(likes: list[int], votes: list[int]) -> np.ndarray:
    return popularity(np.array(likes, np.int64), np.array(votes, np.int32))


def test_one_like_beats_any_number_of_votes() -> None:
    ranked = of([1, 0, 0, 0], [0, 2_000_000_000, 10, 0])
    assert (np.diff(ranked) < 0).all()
    assert ranked[3] == 0


def test_the_formula() -> None:
    assert of([2, 0], [0, 99]) == pytest.approx(np.array([2, 0.5]) / 1.25)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-1, 10**6)), min_size=1, max_size=120))
def test_never_negative_and_the_best_fifty_average_one(films: list[tuple[int, int]]) -> None:
    found = of([likes for likes, _ in films], [votes for _, votes in films])
    assert found.dtype == np.float32
    assert (found >= 0).all()
    if any(likes or votes > 0 for likes, votes in films):
        assert np.sort(found)[-50:].mean() == pytest.approx(1, rel=1e-5)


def test_votes_alone_order_a_catalogue_without_people() -> None:
    assert (np.diff(of([0, 0, 0], [100, 10, 1])) < 0).all()


def test_nothing_known_is_all_zeros() -> None:
    assert of([0, 0], [0, 0]).tolist() == [0, 0]
    assert of([], []).tolist() == []


def test_novelty_fades_with_every_event_liked_or_not() -> None:
    events = events_of(ratings((0, 0, 5.0), (1, 0, 1.0), (0, 1, 2.0)), 2)
    found = novelty(interactions_of(events, np.arange(3, dtype=np.int32), 3))
    assert found.dtype == np.float32
    assert found == pytest.approx(np.exp([-1, -0.5, 0]))
