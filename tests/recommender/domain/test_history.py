import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import (
    EXPLICIT,
    MAX_EVENTS,
    OPINIONS,
    RATINGS,
    Event,
    EventKind,
    History,
    is_disliked,
    leaves,
    leaves_list,
    pack,
    pack_hashes,
    taste_weights,
    unpack,
    unpack_hashes,
)
from tests.recommender.domain import plain_person as plain

# The documented table: kind, value, taste weight, no longer recommended, disliked.
TABLE = [
    (EventKind.LIKE, 1.0, 1.15, True, False),
    (EventKind.RATING, 5.0, 1.3, True, False),
    (EventKind.RATING, 4.5, 1.15, True, False),
    (EventKind.RATING, 4.0, 1.0, True, False),
    (EventKind.RATING, 3.5, 0.3, True, False),
    (EventKind.RATING, 3.0, 0.3, True, False),
    (EventKind.WATCH, 1.0, 0.3, True, False),
    (EventKind.CLICK, 1.0, 0.1, False, False),
    (EventKind.DISLIKE, 1.0, 0.0, True, True),
    (EventKind.RATING, 2.5, 0.0, True, True),
    (EventKind.RATING, 2.0, 0.0, True, True),
    (EventKind.RATING, 1.5, 0.0, True, True),
    (EventKind.RATING, 1.0, 0.0, True, True),
    (EventKind.RATING, 0.5, 0.0, True, True),
    (EventKind.CLEAR, 1.0, 0.0, False, False),
]


@pytest.mark.parametrize(("kind", "value", "weight", "leaving", "disliked"), TABLE)
def test_each_event_counts_as_documented(
    kind: EventKind, value: float, weight: float, leaving: bool, disliked: bool
) -> None:
    kinds, half_stars = np.array([kind], np.uint8), np.array([value * 2], np.uint8)
    assert taste_weights(kinds, half_stars)[0] == pytest.approx(weight)
    assert leaves_list(kind, value) is leaving
    assert leaves(kinds, half_stars).tolist() == [leaving]
    assert is_disliked(kinds, half_stars).tolist() == [disliked]


def test_columns_give_the_same_weights_and_keep_their_types() -> None:
    kinds = np.array([kind for kind, *_ in TABLE], np.uint8)
    half_stars = np.array([value * 2 for _, value, *_ in TABLE], np.uint8)
    assert taste_weights(kinds, half_stars).dtype == np.float32
    assert taste_weights(kinds, half_stars) == pytest.approx([weight for _, _, weight, *_ in TABLE])
    assert is_disliked(kinds, half_stars).dtype == np.bool_


def test_ratings_are_half_stars() -> None:
    assert RATINGS == (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)


def test_stored_codes_never_change() -> None:
    assert {kind.label: int(kind) for kind in EventKind} == {
        "like": 1,
        "dislike": 2,
        "rating": 3,
        "watch": 4,
        "click": 5,
        "clear": 6,
    }


@pytest.mark.parametrize("kind", list(EventKind))
def test_labels_parse_back(kind: EventKind) -> None:
    assert EventKind.parse(kind.label) is kind


@pytest.mark.parametrize("label", ["", "love", "rated"])
def test_an_unknown_label_is_a_key_error(label: str) -> None:
    with pytest.raises(KeyError):
        EventKind.parse(label)


def test_a_clear_is_explicit_but_not_an_opinion() -> None:
    assert {EventKind.CLEAR} == EXPLICIT - OPINIONS


logs = st.lists(plain.events(), max_size=14)
spread_logs = st.lists(plain.events(latest_ms=200_000), max_size=8)


def built(arrived: list[Event]) -> History:
    history = History.empty()
    for event in arrived:
        history = history.add(event)
    return history


def rows_of(history: History) -> list[tuple[int, int, int, int]]:
    columns = (history.hashes, history.kinds, history.half_stars, history.ts_ms)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def row_of(event: Event) -> tuple[int, int, int, int]:
    return (hash_id(event.item_id), int(event.kind), int(event.value * 2), event.ts_ms)


def like(film: str, ts_ms: int) -> Event:
    return Event(film, EventKind.LIKE, 1.0, ts_ms)


@given(logs)
def test_opinions_equal_those_of_the_reference_model(arrived: list[Event]) -> None:
    opinions = [plain.opinion(arrived, film) for film in plain.FILMS]
    expected = [opinion for opinion in opinions if opinion is not None]
    assert sorted(rows_of(built(arrived).opinions())) == sorted(row_of(event) for event in expected)


@given(logs)
def test_a_history_is_sorted_and_has_one_explicit_event_and_one_of_each_implicit_kind(arrived: list[Event]) -> None:
    history = built(arrived)
    assert history.ts_ms.tolist() == sorted(history.ts_ms.tolist())
    slots = [(film, kind if kind in {4, 5} else 0) for film, kind, _, _ in rows_of(history)]
    assert len(slots) == len(set(slots))


@given(logs)
def test_opinions_are_in_the_order_of_the_history(arrived: list[Event]) -> None:
    history = built(arrived)
    opinions = rows_of(history.opinions())
    assert opinions == [event for event in rows_of(history) if event in opinions]


@given(st.one_of(logs, spread_logs), plain.events(latest_ms=200_000))
def test_duplicates_are_those_of_the_reference_model(arrived: list[Event], event: Event) -> None:
    assert built(arrived).is_duplicate(event) == plain.is_duplicate(arrived, event)


@given(st.permutations([like("heat", 1), Event("heat", EventKind.CLEAR, 1.0, 2), like("up", 3), like("alien", 4)]))
def test_a_clear_works_in_any_order_of_arrival(arrived: list[Event]) -> None:
    assert sorted(rows_of(built(arrived).opinions())) == sorted([row_of(like("up", 3)), row_of(like("alien", 4))])


def test_like_clear_like_are_three_events() -> None:
    history = History.empty().add(like("heat", 1_000))
    assert history.is_duplicate(like("heat", 61_000))
    assert not history.is_duplicate(like("heat", 61_001))
    assert not history.is_duplicate(like("heat", 999))
    cleared = history.add(Event("heat", EventKind.CLEAR, 1.0, 2_000))
    assert not cleared.is_duplicate(like("heat", 3_000))
    assert rows_of(cleared.add(like("heat", 3_000))) == [row_of(like("heat", 3_000))]


def test_an_event_with_another_value_is_no_duplicate() -> None:
    history = History.empty().add(Event("heat", EventKind.RATING, 4.0, 0))
    assert history.is_duplicate(Event("heat", EventKind.RATING, 4.0, 1))
    assert not history.is_duplicate(Event("heat", EventKind.RATING, 4.5, 1))


def test_beyond_a_thousand_events_the_oldest_drop_out() -> None:
    history = History.of([like(str(n), n) for n in range(MAX_EVENTS)])
    added = history.add(like("new", MAX_EVENTS))
    assert len(added) == MAX_EVENTS
    assert added.ts_ms[[0, -1]].tolist() == [1, MAX_EVENTS]
    assert len(history.add(like("older than all", -1))) == MAX_EVENTS
    assert not len(history.add(like("older than all", -1)).of_film("older than all"))


def test_history_of_keeps_the_newest_and_columns_keep_all() -> None:
    events = [like(str(n), n) for n in range(MAX_EVENTS + 5)]
    assert rows_of(History.of(events)) == [row_of(event) for event in events[5:]]
    assert rows_of(History.columns(events)) == [row_of(event) for event in events]
    assert History.of(events) == History.columns(events).newest()


@given(logs)
def test_of_film_is_the_part_of_one_film(arrived: list[Event]) -> None:
    history = built(arrived)
    parts = [event for film in plain.FILMS for event in rows_of(history.of_film(film))]
    assert sorted(parts) == sorted(rows_of(history))


def test_equal_columns_make_equal_histories() -> None:
    assert History.of([like("heat", 1)]) == History.of([like("heat", 1)])
    assert History.of([like("heat", 1)]) != History.of([like("heat", 2)])
    assert History.of([like("heat", 1)]) != "heat"


@given(st.lists(plain.events(films=("a", "b", "Ünïcode#", "x" * 256), latest_ms=2**48 - 1), max_size=40))
def test_a_packed_history_unpacks_to_itself(events: list[Event]) -> None:
    history = History.columns(events)
    packed = pack(history)
    assert len(packed) == 1 + 12 * len(events)
    assert unpack(packed) == history
    for column, dtype in zip(
        ("hashes", "kinds", "half_stars", "ts_ms"), ["uint64", "uint8", "uint8", "int64"], strict=True
    ):
        assert getattr(unpack(packed), column).dtype == dtype


def test_the_layout_is_the_documented_one() -> None:
    packed = pack(History.of([Event("heat", EventKind.RATING, 4.5, 0x0102030405)]))
    assert packed == bytes([1]) + hash_id("heat").to_bytes(5, "big") + bytes([3 << 4 | 9]) + bytes([0, 1, 2, 3, 4, 5])
    assert unpack(b"") == History.empty()
    assert unpack(bytes([1])) == History.empty()


@given(st.binary(max_size=60))
def test_unpacking_arbitrary_bytes_gives_a_valid_history_or_a_value_error(packed: bytes) -> None:
    try:
        history = unpack(packed)
    except ValueError:
        return
    assert all(1 <= kind <= 6 and half_stars <= 10 for _, kind, half_stars, _ in rows_of(history))
    history.opinions()


@pytest.mark.parametrize("packed", [b"\x02", b"\x01torn", b"\x01" + bytes(12), b"\x01" + b"\xff" * 12])
def test_a_damaged_history_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="packed history"):
        unpack(packed)


@given(st.lists(st.integers(0, 2**40 - 1)))
def test_a_packed_set_is_sorted_and_without_repeats(hashes: list[int]) -> None:
    packed = pack_hashes(np.array(hashes, np.uint64))
    assert len(packed) == 5 * len(set(hashes))
    assert unpack_hashes(packed).tolist() == sorted(set(hashes))


def test_a_torn_set_is_refused() -> None:
    with pytest.raises(ValueError, match="5-byte hashes"):
        unpack_hashes(b"torn--")
