"""Likes count first; votes only order films of equal likes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.catalogue import build_catalogue
from data_jobs.records import Film
from data_jobs.train.interactions import interactions_of
from data_jobs.train.popularity import acclaim, popularity
from tests.data_jobs.train.worlds import events_of, ratings


def popularity_of(likes: list[int], votes: list[int]) -> np.ndarray:
    return popularity(np.array(likes, np.int64), np.array(votes, np.int32))


def test_one_like_beats_any_number_of_votes() -> None:
    ranked = popularity_of([1, 0, 0, 0], [0, 2_000_000_000, 10, 0])
    assert (np.diff(ranked) < 0).all()
    assert ranked[3] == 0


def test_the_formula() -> None:
    assert popularity_of([2, 0], [0, 99]) == pytest.approx(np.array([2, 0.5]) / 1.25)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-1, 10**6)), min_size=1, max_size=120))
def test_never_negative_and_the_best_fifty_average_one(films: list[tuple[int, int]]) -> None:
    scores = popularity_of([likes for likes, _ in films], [votes for _, votes in films])
    assert scores.dtype == np.float32
    assert (scores >= 0).all()
    if any(likes or votes > 0 for likes, votes in films):
        assert np.sort(scores)[-50:].mean() == pytest.approx(1, rel=1e-5)


def test_votes_alone_order_a_catalogue_without_people() -> None:
    assert (np.diff(popularity_of([0, 0, 0], [100, 10, 1])) < 0).all()


def test_without_likes_and_votes_all_are_zero() -> None:
    assert popularity_of([0, 0], [0, 0]).tolist() == [0, 0]
    assert popularity_of([], []).tolist() == []


PEOPLE, FILMS = 12, 5
OPINIONS = st.tuples(
    st.integers(0, PEOPLE - 1), st.integers(0, FILMS - 1), st.sampled_from((0.5, 1.0, 2.5, 3.0, 4.0, 5.0))
)


@given(st.lists(OPINIONS, max_size=40), st.integers(1, 30), st.integers(0, FILMS - 1))
def test_more_dislikes_never_raise_a_film(opinions: list[tuple[int, int, float]], dislikes: int, film: int) -> None:
    before = prior(opinions)
    after = prior([*opinions, *((PEOPLE + person, film, 1.0) for person in range(dislikes))])
    assert after[film] <= before[film]
    assert after.argsort(kind="stable").tolist().index(film) <= before.argsort(kind="stable").tolist().index(film)


def prior(opinions: list[tuple[int, int, float]]) -> np.ndarray:
    """Return the prior of a catalogue without votes, by film."""
    events = events_of(ratings(*{(user, film): (user, film, stars) for user, film, stars in opinions}.values()), FILMS)
    films = [Film(str(film), f"Film {film}") for film in range(FILMS)]
    rows = np.arange(FILMS, dtype=np.int32)
    return popularity(interactions_of(events, rows, FILMS).likes(), build_catalogue(films, events).votes)


class TestAcclaim:
    def test_votes_times_their_average_squared(self) -> None:
        scores = acclaim(np.array([np.e - 1, np.e**2 - 1]), np.array([4.0, 8.0]))
        assert scores == pytest.approx(np.array([16, 128]) / 72)

    def test_a_film_without_an_average_gets_the_mean(self) -> None:
        scores = acclaim(np.array([9.0, 9.0, 9.0]), np.array([4.0, 8.0, np.nan]))
        assert scores[0] < scores[2] < scores[1]

    def test_no_votes_are_all_zeros(self) -> None:
        assert acclaim(np.zeros(2), np.array([np.nan, 8.0])).tolist() == [0, 0]
