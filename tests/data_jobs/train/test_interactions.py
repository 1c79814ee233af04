"""Events to weights: the same rules as the fold-in, and one event per person and film."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.train.interactions import Interactions, interactions_of
from services.recommender.domain.history import EventKind, taste_weights
from tests.data_jobs.train.worlds import Row, events_of, ratings

SAME_ROWS = np.arange(4, dtype=np.int32)


def weighed(rows: list[Row], graded: bool = True) -> Interactions:
    return interactions_of(events_of(rows, 3), SAME_ROWS, 4, graded)


def test_weights_of_every_event() -> None:
    rows: list[Row] = [
        (0, 0, EventKind.LIKE, 1, 0), (0, 1, EventKind.RATING, 5, 1), (0, 2, EventKind.RATING, 4, 2),
        (0, 3, EventKind.RATING, 3.5, 3), (1, 0, EventKind.WATCH, 1, 4), (1, 1, EventKind.CLICK, 1, 5),
        (1, 2, EventKind.DISLIKE, 1, 6), (1, 3, EventKind.RATING, 2.5, 7), (2, 0, EventKind.CLEAR, 1, 8),
    ]  # fmt: skip
    interactions = weighed(rows)
    assert np.allclose(interactions.weight, [1.15, 1.3, 1.0, 0.3, 0.3, 0.1, 0, 0, 0])
    assert interactions.liked.tolist() == [True, True, True] + [False] * 6
    assert interactions.likes().tolist() == [1, 1, 1, 0]


def test_dislikes_and_low_ratings_are_kept_as_seen_but_are_not_in_the_matrix() -> None:
    interactions = weighed(ratings((0, 0, 5.0), (0, 1, 1.0), (1, 1, 4.0)))
    assert len(interactions) == 3
    assert np.allclose(interactions.matrix().toarray(), [[1.3, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    assert interactions.matrix().nnz == 2


def test_without_grades_only_likes_count() -> None:
    interactions = weighed(ratings((0, 0, 5.0), (0, 1, 3.5), (1, 1, 4.0)), graded=False)
    assert interactions.weight.tolist() == [1, 0, 1]


def test_films_are_moved_to_catalogue_rows() -> None:
    events = events_of(ratings((0, 0, 5.0), (0, 1, 4.0)), 1)
    interactions = interactions_of(events, np.array([3, 1], np.int32), 5)
    assert interactions.film.tolist() == [3, 1]
    assert interactions.likes().tolist() == [0, 1, 0, 1, 0]


def test_the_latest_opinion_of_a_film_counts_whatever_was_watched_since() -> None:
    rows: list[Row] = [
        (0, 0, EventKind.RATING, 5, 1), (0, 0, EventKind.RATING, 2, 2), (0, 0, EventKind.WATCH, 1, 3),
        (0, 1, EventKind.CLICK, 1, 4), (0, 1, EventKind.WATCH, 1, 5), (1, 0, EventKind.LIKE, 1, 6),
        (1, 0, EventKind.CLEAR, 1, 7),
    ]  # fmt: skip
    interactions = weighed(rows)
    assert interactions.ts_ms.tolist() == [2, 5, 7]
    assert np.allclose(interactions.weight, [0, 0.3, 0])


KINDS = st.sampled_from(list(EventKind))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), KINDS), max_size=30))
def test_one_entry_per_person_and_film_in_the_order_of_the_events(drawn: list[tuple[int, int, EventKind]]) -> None:
    rows: list[Row] = [(person, film, kind, 1.0, at) for at, (person, film, kind) in enumerate(drawn)]
    interactions = weighed(rows)
    pairs = list(zip(interactions.person.tolist(), interactions.film.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) == {(person, film) for person, film, _ in drawn}
    assert interactions.ts_ms.tolist() == sorted(interactions.ts_ms.tolist())
    kinds = np.array([drawn[at][2] for at in interactions.ts_ms.tolist()], np.uint8)
    assert np.array_equal(interactions.weight, taste_weights(kinds, np.full(len(kinds), 2, np.uint8)))


def test_on_keeps_some_films_and_renumbers_them() -> None:
    interactions = weighed(ratings((0, 0, 5.0), (0, 3, 4.0), (1, 2, 4.0))).on(np.array([2, 3], np.int32))
    assert (interactions.films, interactions.film.tolist(), interactions.person.tolist()) == (2, [1, 0], [0, 1])


def test_no_events() -> None:
    interactions = weighed([])
    assert len(interactions) == 0
    assert interactions.matrix().shape == (3, 4)
    assert interactions.likes().tolist() == [0, 0, 0, 0]
