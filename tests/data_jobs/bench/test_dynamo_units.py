"""Units by number of events, over a store that charges as it is told."""

from dataclasses import replace

import pytest

from data_jobs.bench.bench_people import BenchPerson, make_people
from data_jobs.bench.dynamo_units import PEOPLE, counted, units_used
from data_jobs.bench.mix import LENGTHS
from data_jobs.bench.over_http import BenchFailed
from services.adapters.explain.template import TemplateExplainer
from services.adapters.state.dynamodb.consumed_units import ConsumedUnits
from services.adapters.state.dynamodb.dynamo_client import DynamoLocation, Tables
from services.adapters.state.dynamodb.state import DynamoState
from services.adapters.state.dynamodb.tables import create_tables
from services.bootstrap import SystemClock
from services.recommender.domain.events import Event, EventKind
from services.recommender.domain.profile import Profile
from services.recommender.errors import StateUnavailable, UnknownFilm
from services.recommender.ports import Deadline, FeedbackCommand, Receipt
from services.recommender.service import Recommender
from tests.builders import FixedRelease, ManualClock, apply_all, make_release
from tests.patience import PATIENCE_S


class MeteredState:
    """People and their answers in dictionaries. A read takes a unit for each 50 events begun, an answer found half a
    one; writing an answer takes two, a like three.
    """

    def __init__(self, units):
        self.units = units
        self.people = {}
        self.answers = {}
        self.forgetful = False
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
        if not self.forgetful:
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
    made = make_people(recommender.releases.current().bundle.catalogue, dict.fromkeys(LENGTHS, PEOPLE + 2))
    for person in (one for of_length in made.values() for one in of_length):
        state.people[person.user_id] = replace(apply_all(Profile(person.user_id), person.events), revision="r1")
    return made


def test_each_kind_of_request_has_its_own_units(recommender, units, people):
    found = units_used(recommender, units, people)
    assert list(found) == [str(length) for length in LENGTHS]
    assert found["20"] == {
        "uncached": {"read": 1, "write": 2},
        "cached": {"read": 1.5, "write": 0},
        "feedback": {"read": 0, "write": 3},
    }
    assert found["1000"]["cached"]["read"] > found["20"]["cached"]["read"]


def test_some_people_of_each_length_are_asked_and_like_one_film(recommender, units, people, state):
    units_used(recommender, units, people)
    assert len(state.likes) == len(set(state.likes)) == PEOPLE * len(LENGTHS)
    assert {kind for _, kind in state.likes} == {EventKind.LIKE}


def test_one_person_who_costs_more_does_not_move_the_figure(recommender, units, people, state):
    costly = people[5][0].user_id
    state.people[costly] = state.people[people[150][0].user_id]
    assert units_used(recommender, units, people)["5"]["uncached"]["read"] == 1


def test_an_answer_that_is_not_kept_stops_the_count(recommender, units, people, state):
    state.forgetful = True
    with pytest.raises(BenchFailed, match="was not in the cache"):
        units_used(recommender, units, people)


def test_an_answer_that_was_kept_before_stops_the_count(recommender, units, people):
    units_used(recommender, units, people)
    with pytest.raises(BenchFailed, match="came from the cache"):
        units_used(recommender, units, people)


def test_a_degraded_answer_stops_the_count(recommender, units, people, state):
    state.down = True
    with pytest.raises(BenchFailed, match=r"degraded \(state: the store is down\)"):
        units_used(recommender, units, people)


def test_feedback_that_is_refused_stops_the_count(recommender, units, people, state):
    somebody = people[5][0]
    elsewhere = replace(somebody.events[0], item_id="no such film")
    people[5][0] = BenchPerson(somebody.user_id, (elsewhere,))
    with pytest.raises(BenchFailed, match="'no such film' was refused") as failure:
        units_used(recommender, units, people)
    assert isinstance(failure.value.__cause__, UnknownFilm)


@pytest.fixture
def connection(dynamodb_url, unique_name):
    tables = Tables(f"{unique_name}-u", f"{unique_name}-e", f"{unique_name}-c")
    made = DynamoLocation(tables, endpoint=dynamodb_url, timeout_s=PATIENCE_S)
    create_tables(made)
    return made


def test_what_the_tables_report_is_what_is_counted(connection):
    with counted(make_release(), connection, SystemClock()) as (recommender, units):
        assert (units.read, units.write) == (0, 0)
        recommender.feedback([FeedbackCommand("ann", Event("f1", EventKind.LIKE, 1.0, 1_000))])
        # Profile and line of the log, under 1 KB each: 4 units by the price list, which the local server doubles.
        assert units.write == 8
        read = units.read
        assert recommender.state.read("ann", None, Deadline.within(recommender.clock, PATIENCE_S))[0].revision
        assert units.read == read + 1
        assert units.write == 8


def test_connections_end_with_the_count(connection):
    with counted(make_release(), connection, SystemClock()) as (recommender, _):
        assert isinstance(recommender.state, DynamoState)
    with pytest.raises(StateUnavailable, match="was closed"):
        recommender.state.export("ann")
