"""Units by number of events, over a store with fixed prices."""

from dataclasses import replace
from itertools import chain

import pytest

from data_jobs.bench.bench_people import BenchPerson, make_people
from data_jobs.bench.dynamo_units import PEOPLE, counting_recommender, units_used
from data_jobs.bench.mix import LENGTHS
from data_jobs.bench.over_http import BenchFailed
from services.adapters.explain.template import TemplateExplainer
from services.adapters.state.dynamodb.consumed_units import ConsumedUnits
from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, Tables
from services.adapters.state.dynamodb.state import DynamoState
from services.adapters.state.dynamodb.tables import create_tables
from services.bootstrap import SystemClock
from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.profile import Profile
from services.recommender.errors import StateUnavailable, UnknownFilm
from services.recommender.ports import Deadline, FeedbackCommand, Receipt
from services.recommender.service import Recommender
from tests.builders import FixedRelease, ManualClock, apply_all, make_release
from tests.patience import PATIENCE_S


class MeteredState:
    """People and cached answers in dictionaries. A read costs one unit per 50 events or part of them, plus half a unit
    for a cached answer; writing an answer costs two, a like three.
    """

    def __init__(self, units):
        self.units = units
        self.people = {}
        self.answers = {}
        self.drops_answers = False
        self.down = False
        self.likes = []

    def read(self, user_id, cache_key, deadline):
        if self.down:
            raise StateUnavailable("the store is down")
        profile = self.people[user_id]
        cached = self.answers.get(cache_key)
        self.units.read += -(-len(profile.history) // 50) + (0.5 if cached else 0)
        return profile, cached

    def write_cache(self, key, entry):
        self.units.write += 2
        if not self.drops_answers:
            self.answers[key] = entry

    def record(self, commands: list[FeedbackCommand], deadline):
        self.units.write += 3
        self.likes += [(command.user_id, command.event.kind) for command in commands]
        return [Receipt("e1") for _ in commands]


@pytest.fixture
def units():
    return ConsumedUnits()


@pytest.fixture
def state(units):
    return MeteredState(units)


@pytest.fixture
def recommender(state):
    return Recommender(FixedRelease(make_release()), state, None, TemplateExplainer(), ManualClock())


@pytest.fixture
def people(recommender, state):
    people_by_length = make_people(recommender.releases.current().bundle.catalogue, dict.fromkeys(LENGTHS, PEOPLE + 2))
    for person in chain.from_iterable(people_by_length.values()):
        state.people[person.user_id] = replace(apply_all(Profile(person.user_id), person.events), revision="r1")
    return people_by_length


def test_each_kind_of_request_has_its_own_units(recommender, units, people):
    units_by_length = units_used(recommender, units, people)
    assert list(units_by_length) == [str(length) for length in LENGTHS]
    assert units_by_length["20"] == {
        "uncached": {"read": 1, "write": 2},
        "cached": {"read": 1.5, "write": 0},
        "feedback": {"read": 0, "write": 3},
    }
    assert units_by_length["1000"]["cached"]["read"] > units_by_length["20"]["cached"]["read"]


def test_a_few_people_of_each_length_like_one_film_each(recommender, units, people, state):
    units_used(recommender, units, people)
    assert len(state.likes) == len(set(state.likes)) == PEOPLE * len(LENGTHS)
    assert {kind for _, kind in state.likes} == {EventKind.LIKE}


def test_one_costly_person_does_not_change_the_median(recommender, units, people, state):
    costly = people[5][0].user_id
    state.people[costly] = state.people[people[150][0].user_id]
    assert units_used(recommender, units, people)["5"]["uncached"]["read"] == 1


def test_an_answer_that_is_not_cached_stops_the_count(recommender, units, people, state):
    state.drops_answers = True
    with pytest.raises(BenchFailed, match="was not in the cache"):
        units_used(recommender, units, people)


def test_an_answer_that_was_already_cached_stops_the_count(recommender, units, people):
    units_used(recommender, units, people)
    with pytest.raises(BenchFailed, match="came from the cache"):
        units_used(recommender, units, people)


def test_a_degraded_answer_stops_the_count(recommender, units, people, state):
    state.down = True
    with pytest.raises(BenchFailed, match=r"degraded \(state: the store is down\)"):
        units_used(recommender, units, people)


def test_feedback_that_is_refused_stops_the_count(recommender, units, people, state):
    person = people[5][0]
    unknown_film = replace(person.events[0], item_id="no such film")
    people[5][0] = BenchPerson(person.user_id, (unknown_film,))
    with pytest.raises(BenchFailed, match="'no such film' was refused") as failure:
        units_used(recommender, units, people)
    assert isinstance(failure.value.__cause__, UnknownFilm)


@pytest.fixture
def connection(dynamodb_url, unique_name):
    tables = Tables(f"{unique_name}-u", f"{unique_name}-e", f"{unique_name}-c")
    location = DynamoLocation(tables, endpoint=dynamodb_url, timeout_s=PATIENCE_S)
    create_tables(location)
    return location


def test_units_are_those_the_tables_report(connection):
    with counting_recommender(make_release(), connection, SystemClock()) as (recommender, units):
        assert (units.read, units.write) == (0, 0)
        recommender.feedback([FeedbackCommand("ann", Event("f1", EventKind.LIKE, 1.0, 1_000))])
        # Profile and log line, under 1 KB each, in a transaction: 4 units, which the local server doubles.
        assert units.write == 8
        read = units.read
        assert recommender.state.read("ann", None, Deadline.within(recommender.clock, PATIENCE_S))[0].revision
        assert units.read == read + 1
        assert units.write == 8


def test_connections_are_closed_after_the_count(connection):
    with counting_recommender(make_release(), connection, SystemClock()) as (recommender, _):
        assert isinstance(recommender.state, DynamoState)
    with pytest.raises(StateUnavailable, match="was closed"):
        recommender.state.export("ann")
