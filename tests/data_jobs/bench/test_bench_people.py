import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data_jobs.bench.bench_people import logged_events, make_people
from services.recommender.domain.history import EventKind
from services.recommender.domain.profile import replay
from tests.builders import make_catalogue

CATALOGUE = make_catalogue(120)


@settings(max_examples=25)
@given(st.integers(1, 300), st.integers(1, 4), st.integers(0, 5))
def test_each_person_has_the_requested_number_of_distinct_films(length, count, seed):
    people = make_people(CATALOGUE, {length: count}, seed)[length]
    assert len(people) == len({person.user_id for person in people}) == count
    for person in people:
        films = {event.item_id for event in person.events}
        assert len(films) == len(person.events) == min(length, 90)
        assert (CATALOGUE.rows_of(films) >= 0).all()


def test_events_are_ratings_oldest_first():
    (person,) = make_people(CATALOGUE, {20: 1})[20]
    times = [event.ts_ms for event in person.events]
    assert times == sorted(set(times))
    assert {event.kind for event in person.events} == {EventKind.RATING}
    assert len(replay(person.user_id, person.events).history) == 20


def test_people_differ_and_are_reproducible():
    first, second = make_people(CATALOGUE, {20: 2})[20]
    assert first.events != second.events
    assert make_people(CATALOGUE, {20: 2, 5: 1})[20] == [first, second]


def test_well_known_films_are_seen_more_often():
    people = make_people(make_catalogue(600), {20: 60})[20]
    rows = make_catalogue(600).rows_of(event.item_id for person in people for event in person.events)
    assert (rows < 100).mean() > 2 * (rows >= 500).mean()


def test_films_are_drawn_as_often_as_they_were_rated():
    catalogue, events = make_catalogue(600), np.zeros(600, np.int32)
    events[::2], events[400:440:2] = 1, 60
    people = make_people(catalogue, {10: 60}, events=events, by_events=True)[10]
    rows = catalogue.rows_of(event.item_id for person in people for event in person.events)
    assert (events[rows] > 0).all()
    assert (events[rows] == 60).mean() > 0.6
    by_rank = make_people(catalogue, {10: 60}, events=events)[10]
    rows = catalogue.rows_of(event.item_id for person in by_rank for event in person.events)
    assert (events[rows] == 60).mean() < 0.2


def test_the_log_has_every_event_with_a_unique_id():
    people = make_people(CATALOGUE, {5: 3})[5]
    log = logged_events(people)
    assert len(log) == 15
    assert len({(logged_event.user_id, logged_event.event_id) for logged_event in log}) == 15
    assert [logged_event.event for logged_event in log[:5]] == list(people[0].events)
