"""Profiles made from columns equal those that the store has after the same events, sent one by one."""

import numpy as np
import pytest

from data_jobs.evaluate.held_out_people import People, on_rows_of
from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.profile import replay
from tests.data_jobs.evaluate import kit


@pytest.mark.parametrize("user_id", ["viewer-0", "viewer-17", "viewer-69"])
def test_a_profile_is_that_of_a_replay(bench, user_id):
    events = bench.dataset.events
    indices = np.flatnonzero(events.user == events.user_ids.index(user_id))
    sent = [
        Event(
            bench.dataset.films[events.film[at]].item_id,
            EventKind(int(events.kind[at])),
            float(events.value[at]),
            int(events.ts_ms[at]),
        )
        for at in indices
    ]
    profile, stored = bench.people.profile(user_id), replay(user_id, sent)
    assert profile.history == stored.history
    assert np.array_equal(profile.seen, stored.seen)
    assert np.array_equal(profile.disliked, stored.disliked)


def test_all_rated_films_are_seen(bench):
    events = bench.dataset.events
    profile = bench.people.profile("viewer-5")
    rows = bench.bundle.catalogue.rows_of_hashes(profile.seen)
    assert set(rows.tolist()) == set(events.film[events.user == 5].tolist())


def test_a_stranger_has_an_empty_profile(bench):
    assert not len(bench.people.profile("nobody").history)


def test_a_profile_of_some_events_knows_these_alone(bench):
    profile = bench.people.profile_of("viewer-0", np.array([2, 0]))
    assert len(profile.history) == len(profile.seen) == 2
    assert np.all(np.diff(profile.history.ts_ms) >= 0)


def test_a_case_has_the_rows_of_the_hidden_likes(bench, holdout):
    cases = bench.people.cases(holdout.relevant)
    assert [case.profile.user_id for case in cases] == list(holdout.relevant)
    for case in cases:
        items = [bench.bundle.catalogue.item_ids[row] for row in case.relevant.tolist()]
        assert tuple(items) == holdout.relevant[case.profile.user_id]


def test_hidden_likes_are_unseen(bench, holdout):
    for case in bench.people.cases(holdout.relevant):
        assert not np.isin(bench.bundle.catalogue.film_hashes()[case.relevant], case.profile.seen).any()


def test_a_film_outside_the_catalogue_stays_in_the_count(bench):
    [case] = bench.people.cases({"viewer-0": ("100", "no such film")})
    assert len(case.relevant) == 2
    assert case.relevant[1] == -1


def test_data_moves_to_the_rows_of_a_catalogue(bench):
    data = kit.dataset()
    moved = on_rows_of(bench.bundle.catalogue, data)
    assert [film.item_id for film in moved.films] == list(bench.bundle.catalogue.item_ids)
    before = [data.films[film].item_id for film in data.events.film]
    assert [moved.films[film].item_id for film in moved.events.film] == before


def test_people_of_moved_data_are_the_same(bench):
    moved = People(on_rows_of(bench.bundle.catalogue, kit.dataset()), bench.bundle.catalogue)
    assert len(moved.profile("viewer-0").history) == 25


def test_a_fan_likes_films_and_has_seen_them(bench):
    fan = bench.people.fan_of(np.array([7, 3], np.int32))
    catalogue = bench.bundle.catalogue
    assert sorted(catalogue.rows_of_hashes(fan.seen).tolist()) == [3, 7]
    assert set(fan.history.kinds.tolist()) == {EventKind.LIKE}
    assert len(set(fan.history.ts_ms.tolist())) == 1


def test_the_likes_of_a_person(bench):
    events = bench.dataset.events
    assert bench.people.likes_of(5).tolist() == [
        at for at in np.flatnonzero(events.user == 5).tolist() if events.value[at] >= 4
    ]
