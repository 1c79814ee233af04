"""Units of DynamoDB: the sizes in the bill are those of the items that the state store writes."""

import zlib

import numpy as np
import pytest

from data_jobs.cost import item_units
from data_jobs.cost.workload import CACHED_BYTES, CACHED_EXPLAIN_BYTES
from services.adapters.state.dynamodb import items
from services.adapters.state.dynamodb.store import Item
from services.recommender.domain.history import MAX_EVENTS, Event, EventKind
from services.recommender.domain.profile import Profile, apply
from services.recommender.ports import CacheEntry, CacheKey, LoggedEvent

PERSON = "u1234567"
START_MS = 1_750_000_000_000


def size_of(item: Item) -> int:
    """Return an item's size. Source: Amazon DynamoDB developer guide, "DynamoDB item sizes and formats"."""
    return sum(len(name) + _value(value) for name, value in item.items())


def _value(value: dict[str, object]) -> int:
    ((kind, content),) = value.items()
    match kind, content:
        case "L", list():
            return 3 + sum(1 + _value(element) for element in content)
        case "N", str():
            return len(content) // 2 + 1
        case "S", str():
            return len(content.encode())
        case "B", bytes():
            return len(content)
    raise AssertionError(f"no item has a value of type {kind}")


def person(events: int) -> Profile:
    profile = Profile(PERSON)
    for n in range(events):
        profile = apply(profile, Event(f"film{n:04d}", EventKind.LIKE, 1.0, START_MS + n))
    return profile


@pytest.mark.parametrize("events", [20, 50, 150, 400])
def test_a_profile_has_the_size_that_is_billed(events: int) -> None:
    recent = [f"film{n:04d}" for n in range(items.RECENT_ITEMS)]
    actual = size_of(items.profile_item(person(events), recent, START_MS))
    assert item_units.profile_bytes(events) == pytest.approx(actual, abs=60)


def test_a_profile_keeps_the_newest_events_and_every_film() -> None:
    assert item_units.profile_bytes(MAX_EVENTS + 1) - item_units.profile_bytes(MAX_EVENTS) == item_units.HASH_BYTES
    assert item_units.profile_bytes(MAX_EVENTS) - item_units.profile_bytes(MAX_EVENTS - 1) == 17


def test_an_event_has_the_size_that_is_billed() -> None:
    line = LoggedEvent("0" * 32, PERSON, Event("film0001", EventKind.RATING, 4.5, START_MS), "0123456789abcdef")
    assert pytest.approx(size_of(items.event_item(line, START_MS << 20)), abs=20) == item_units.EVENT_BYTES


@pytest.mark.parametrize(("explained", "payload"), [(False, CACHED_BYTES), (True, CACHED_BYTES + CACHED_EXPLAIN_BYTES)])
def test_a_cached_answer_has_the_size_that_is_billed(explained: bool, payload: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, payload, np.uint8).tobytes()
    key = CacheKey(PERSON, f"k20#ex{int(explained)}#{'0' * 32}")
    item = items.answer_item(key, CacheEntry("f" * 16, noise, START_MS // 1_000))
    # Noise cannot be compressed: subtract what zlib adds, which a real answer does not have.
    actual = size_of(item) - len(zlib.compress(noise, 1)) + payload
    assert item_units.answer_bytes(explained) == pytest.approx(actual, abs=40)


def test_a_person_of_the_mix_costs_the_documented_units() -> None:
    assert item_units.cached(50, explained=False) == item_units.RequestUnits(read=1.5)
    assert item_units.fresh(50) == item_units.RequestUnits(read=1)
    assert item_units.stored(50, explained=False) == item_units.RequestUnits(read=1.5, write=2)
    assert item_units.feedback(50) == item_units.RequestUnits(read=1, write=6)


def test_explanations_add_one_write_unit() -> None:
    assert item_units.stored(50, explained=True).write - item_units.stored(50, explained=False).write == 1
    assert item_units.stored(50, explained=True).read == item_units.stored(50, explained=False).read


def test_a_long_history_costs_more_to_read_and_to_write() -> None:
    short, long = item_units.feedback(20), item_units.feedback(1_000)
    assert (short.read, long.read) == (1, 5)
    assert long.write - short.write == 2 * (17 - 1)


def test_an_unknown_person_costs_the_smallest_read() -> None:
    assert item_units.cached(0, explained=False).read == 1.5
    assert item_units.cached(0, explained=False).write == 0
