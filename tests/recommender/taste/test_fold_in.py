import numpy as np
import pytest

from services.recommender.domain.history import Event, EventKind, History
from services.recommender.domain.profile import Profile
from services.recommender.domain.weights import Weights
from services.recommender.taste.fold_in import fold_in, recency
from tests.builders import apply_all, make_catalogue, person

CATALOGUE = make_catalogue(30)
CONSTANTS = Weights(recency_floor=0.3, recency_span=10.0)


def taste_of(*events: Event):
    return fold_in(CATALOGUE, apply_all(Profile("ann"), list(events)).history)


class TestFoldIn:
    def test_events_have_their_documented_weights(self):
        taste = taste_of(
            Event("f1", EventKind.LIKE, 1, 1),
            Event("f2", EventKind.RATING, 5, 2),
            Event("f3", EventKind.RATING, 3.5, 3),
            Event("f4", EventKind.WATCH, 1, 4),
            Event("f5", EventKind.CLICK, 1, 5),
        )
        assert taste.rows.tolist() == [1, 2, 3, 4, 5]
        assert taste.base == pytest.approx([1.15, 1.3, 0.3, 0.3, 0.1])
        assert taste.likes == 2

    def test_low_ratings_are_dislikes_and_not_part_of_the_taste(self):
        taste = taste_of(Event("f1", EventKind.DISLIKE, 1, 1), Event("f2", EventKind.RATING, 2.5, 2))
        assert taste.is_empty
        assert sorted(taste.disliked.tolist()) == [1, 2]

    def test_ranks_count_newer_events_and_equal_times_share_one(self):
        taste = taste_of(*(Event(f"f{i}", EventKind.LIKE, 1, ts) for i, ts in enumerate([10, 20, 20, 30])))
        assert taste.ranks.tolist() == [3, 1, 1, 0]

    def test_a_dislike_takes_a_rank_too(self):
        taste = taste_of(Event("f1", EventKind.LIKE, 1, 1), Event("f2", EventKind.DISLIKE, 1, 2))
        assert taste.ranks.tolist() == [1]

    def test_films_no_longer_in_the_catalogue_are_skipped(self):
        taste = taste_of(Event("gone", EventKind.LIKE, 1, 1), Event("f2", EventKind.LIKE, 1, 2))
        assert taste.rows.tolist() == [2]

    def test_an_empty_history_is_an_empty_taste(self):
        assert fold_in(CATALOGUE, History.empty()).is_empty


class TestRecency:
    def test_falls_from_1_for_the_newest_to_the_floor(self):
        fade = recency(np.array([0, 10, 10_000], np.int32), CONSTANTS)
        assert fade == pytest.approx([1.0, 0.3 + 0.7 / np.e, 0.3], rel=1e-5)

    def test_without_a_film_older_ones_move_up(self):
        taste = taste_of(*(Event(f"f{i}", EventKind.LIKE, 1, i + 1) for i in range(4)))
        rest = taste.without(2)
        assert rest.rows.tolist() == [0, 1, 3]
        assert rest.ranks.tolist() == [2, 1, 0]

    def test_without_a_film_equals_a_taste_that_never_had_it(self):
        all_events = [Event(f"f{i}", EventKind.LIKE, 1, i // 2) for i in range(7)]
        taste = taste_of(*all_events)
        for index in range(7):
            row = int(taste.rows[index])
            never = taste_of(*(event for event in all_events if event.item_id != f"f{row}"))
            rest = taste.without(index)
            assert rest.rows.tolist() == never.rows.tolist()
            assert rest.ranks.tolist() == never.ranks.tolist()


def test_the_profile_of_the_builders_is_in_time_order():
    assert fold_in(CATALOGUE, person("f1", "f2").history).ranks.tolist() == [1, 0]
