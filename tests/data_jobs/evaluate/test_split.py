"""The rule of the holdouts, and reading one from a file."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_jobs.evaluate import split
from data_jobs.evaluate.split import PER_PERSON, SHARE, Holdout, SplitKind
from data_jobs.records import Dataset, Events
from data_jobs.report import DataError, Report
from services.recommender.domain.history import EventKind
from tests.data_jobs.evaluate import kit

DATA = kit.dataset()
KINDS = pytest.mark.parametrize("kind", list(PER_PERSON))


def events_of(holdout: Holdout) -> set[tuple[str, str]]:
    events, films = holdout.training.events, holdout.training.films
    pairs = zip(events.user.tolist(), events.film.tolist(), strict=True)
    return {(events.user_ids[user], films[film].item_id) for user, film in pairs}


def by_person(data: Dataset) -> dict[str, list[tuple[str, float, int]]]:
    events, ratings = data.events, {user_id: [] for user_id in data.events.user_ids}
    columns = (events.user, events.film, events.value, events.ts_ms)
    for user, film, value, ts_ms in zip(*(column.tolist() for column in columns), strict=True):
        ratings[events.user_ids[user]].append((data.films[film].item_id, value, ts_ms))
    return ratings


class TestTheRule:
    @KINDS
    def test_a_fifth_of_each_persons_likes_is_held_out(self, kind):
        holdout = split.draw(DATA, kind, seed=3)
        for user_id, ratings in by_person(DATA).items():
            likes = {item for item, stars, _ in ratings if stars >= 4}
            relevant = set(holdout.relevant.get(user_id, ()))
            assert relevant <= likes
            assert len(relevant) == (round(SHARE * len(likes)) if len(likes) >= 10 else 0)

    @KINDS
    def test_held_out_likes_are_not_in_the_training(self, kind):
        holdout = split.draw(DATA, kind, seed=3)
        held_out = {(user, item) for user, items in holdout.relevant.items() for item in items}
        assert not held_out & events_of(holdout)
        assert holdout.likes == len(held_out)

    def test_at_random_a_fifth_of_the_other_ratings_is_removed_too(self):
        holdout = split.draw(DATA, SplitKind.RANDOM, seed=3)
        remaining = by_person(holdout.training)
        for user_id in holdout.relevant:
            low = sum(stars < 4 for _, stars, _ in by_person(DATA)[user_id])
            assert sum(stars < 4 for _, stars, _ in remaining[user_id]) == low - round(SHARE * low)

    def test_by_time_nothing_later_than_the_first_held_out_like_is_left(self):
        holdout = split.draw(DATA, SplitKind.TIME, seed=3)
        remaining = by_person(holdout.training)
        for user_id, held_out in holdout.relevant.items():
            first = min(ts_ms for item, _, ts_ms in by_person(DATA)[user_id] if item in held_out)
            assert all(ts_ms <= first for _, _, ts_ms in remaining[user_id])
            same_time = [each for each in by_person(DATA)[user_id] if each[1] < 4 and each[2] <= first]
            assert set(same_time) <= set(remaining[user_id])

    def test_people_with_few_likes_keep_all_their_ratings(self):
        holdout = split.draw(DATA, SplitKind.RANDOM, seed=3, min_likes=18)
        left_alone = set(DATA.events.user_ids) - set(holdout.relevant)
        assert left_alone
        assert all(by_person(holdout.training)[user] == by_person(DATA)[user] for user in left_alone)

    @given(st.integers(0, 1_000), st.sampled_from(list(PER_PERSON)))
    @settings(max_examples=10)
    def test_the_same_seed_draws_the_same(self, seed, kind):
        assert split.draw(DATA, kind, seed).relevant == split.draw(DATA, kind, seed).relevant

    def test_another_seed_draws_another(self):
        first, second = (split.draw(DATA, SplitKind.RANDOM, seed).relevant for seed in (1, 2))
        assert first != second

    def test_by_time_a_seed_decides_ties_alone(self):
        first, second = (split.draw(DATA, SplitKind.TIME, seed).relevant for seed in (1, 2))
        time_of = {(user, item): ts_ms for user, each in by_person(DATA).items() for item, _, ts_ms in each}
        for user in first:
            times = [Counter(time_of[user, item] for item in relevant[user]) for relevant in (first, second)]
            assert times[0] == times[1]

    def test_too_few_likes_of_all_people_are_an_error(self):
        with pytest.raises(DataError, match="no person has 99 likes"):
            split.draw(DATA, SplitKind.RANDOM, 0, min_likes=99)

    def test_a_like_is_a_like_without_stars(self):
        kinds = np.array([EventKind.LIKE, EventKind.WATCH, EventKind.DISLIKE, EventKind.RATING], np.uint8)
        columns = (np.zeros(4, np.int32), np.arange(4, dtype=np.int32), kinds, np.array([1, 1, 1, 4], np.float32))
        events = Events(("a",), *columns, np.zeros(4, np.int64))
        assert split.liked(events).tolist() == [True, False, False, True]


class TestFromAFile:
    def write(self, path, lines):
        path.write_text("\n".join(["userId,movieId,kind", *lines]) + "\n")
        return path

    def holdout_file(self, path, kind: SplitKind):
        holdout = split.draw(DATA, kind, seed=3)
        removed = {(u, i) for u, each in by_person(DATA).items() for i, _, _ in each} - events_of(holdout)
        lines = [f"{u},{i},{'positive' if i in holdout.relevant.get(u, ()) else 'low'}" for u, i in sorted(removed)]
        return holdout, self.write(path, lines)

    @KINDS
    def test_gives_the_drawn_holdout_and_its_kind(self, tmp_path, kind):
        drawn, path = self.holdout_file(tmp_path / "holdout.csv", kind)
        holdout = split.read(path, DATA, Report())
        assert {user: set(items) for user, items in holdout.relevant.items()} == {
            user: set(items) for user, items in drawn.relevant.items()
        }
        assert events_of(holdout) == events_of(drawn)
        assert holdout.kind is kind

    def test_a_rating_that_is_not_listed_stays(self, tmp_path):
        path = self.write(tmp_path / "one.csv", [f"viewer-0,{by_person(DATA)['viewer-0'][0][0]},positive"])
        assert len(split.read(path, DATA, Report()).training.events) == len(DATA.events) - 1

    def test_another_kind_is_named(self, tmp_path):
        path = self.write(tmp_path / "odd.csv", ["viewer-0,100,test"])
        with pytest.raises(DataError, match="kind 'test'"):
            split.read(path, DATA, Report())

    def test_a_holdout_of_other_data_is_refused(self, tmp_path):
        path = self.write(tmp_path / "other.csv", ["nobody,1,positive"])
        with pytest.raises(DataError, match="none of its likes"):
            split.read(path, DATA, Report())

    def test_a_file_without_kinds_is_refused(self, tmp_path):
        path = tmp_path / "bare.csv"
        path.write_text("userId,movieId\nviewer-0,100\n")
        with pytest.raises(DataError, match="missing-column"):
            split.read(path, DATA, Report())


class TestPlaces:
    def test_spans_cover_all_people_in_order(self):
        bounds = split.spans(DATA.events)
        assert len(bounds) == len(DATA.events.user_ids)
        assert all(set(DATA.events.user[start:stop]) == {code} for code, (start, stop) in enumerate(bounds))

    def test_a_person_without_events_has_an_empty_span(self):
        rest = split.without(DATA, DATA.events.user == 3)
        start, stop = split.spans(rest.events)[3]
        assert start == stop
        assert rest.events.user_ids == DATA.events.user_ids
