"""Contract: sentences that are kept, and the tokens of a day."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from services.adapters.state.days import day_of
from services.recommender.errors import StateUnavailable
from services.recommender.ports import Deadline
from tests.adapters.state.state_kit import FakeClock, Store
from tests.patience import PATIENCE_S

DAY = "2026-11-28"
HOUR_S = 3_600


def soon(store: Store) -> Deadline:
    return Deadline.within(store.clock, PATIENCE_S)


def test_a_sentence_comes_back_as_it_was_kept(store: Store) -> None:
    kept = {"a" * 32: "It is close to “Amélie”.", "b" * 32: ""}
    store.sentences.keep(kept, HOUR_S)
    assert store.sentences.find([*kept, "c" * 32], soon(store)) == kept


def test_nothing_is_found_where_nothing_was_kept(store: Store) -> None:
    assert store.sentences.find(["a", "b"], soon(store)) == {}


def test_a_sentence_is_gone_when_its_time_is_over(store: Store[FakeClock]) -> None:
    store.sentences.keep({"a": "It is close."}, HOUR_S)
    store.clock.tick(HOUR_S)
    assert store.sentences.find(["a"], soon(store)) == {}


def test_a_later_sentence_takes_the_place_of_the_earlier(store: Store) -> None:
    for said in ("One.", "Another."):
        store.sentences.keep({"a": said}, HOUR_S)
    assert store.sentences.find(["a"], soon(store)) == {"a": "Another."}


def test_a_page_of_a_hundred_and_more_is_found(store: Store) -> None:
    kept = {f"key-{n}": f"Sentence {n}." for n in range(120)}
    store.sentences.keep(kept, HOUR_S)
    assert store.sentences.find(list(kept), soon(store)) == kept


def test_tokens_are_counted_up_to_the_limit_and_no_further(store: Store) -> None:
    counted = [store.sentences.reserve(DAY, 40, 100, soon(store)) for _ in range(3)]
    assert counted == [40, 80, None]
    assert store.sentences.reserve(DAY, 20, 100, soon(store)) == 100
    assert store.sentences.reserve(DAY, 1, 100, soon(store)) is None


def test_what_is_more_than_a_whole_day_is_never_reserved(store: Store) -> None:
    assert store.sentences.reserve(DAY, 101, 100, soon(store)) is None
    assert store.sentences.reserve(DAY, 100, 100, soon(store)) == 100


def test_another_day_begins_anew(store: Store) -> None:
    assert store.sentences.reserve(DAY, 100, 100, soon(store)) == 100
    assert store.sentences.reserve("2026-11-29", 100, 100, soon(store)) == 100


def test_what_was_not_used_can_be_used_by_others(store: Store) -> None:
    store.sentences.reserve(DAY, 100, 100, soon(store))
    store.sentences.give_back(DAY, 70)
    assert store.sentences.reserve(DAY, 70, 100, soon(store)) == 100


def test_what_was_used_beyond_what_was_reserved_counts_too(store: Store) -> None:
    store.sentences.reserve(DAY, 40, 100, soon(store))
    store.sentences.give_back(DAY, -50)
    assert store.sentences.reserve(DAY, 20, 100, soon(store)) is None
    assert store.sentences.reserve(DAY, 10, 100, soon(store)) == 100


def test_nothing_is_given_back_to_a_day_that_has_no_count(store: Store) -> None:
    store.sentences.give_back(DAY, 70)
    assert store.sentences.reserve(DAY, 100, 100, soon(store)) == 100


def test_eight_threads_never_reserve_more_than_the_limit(store: Store) -> None:
    def reserve(_: int) -> int | None:
        # A busy machine may keep one of them waiting for longer than it is given: it asks again.
        while True:
            with suppress(StateUnavailable):
                return store.sentences.reserve(DAY, 10, 300, soon(store))

    with ThreadPoolExecutor(8) as threads:
        counted = [each for each in threads.map(reserve, range(60)) if each is not None]
    assert sorted(counted) == [10 * n for n in range(1, 31)]


def test_the_erasure_of_a_person_leaves_the_sentences_which_are_nobodys(store: Store) -> None:
    store.sentences.keep({"a": "It is close."}, HOUR_S)
    store.state.erase("say")
    assert store.sentences.find(["a"], soon(store)) == {"a": "It is close."}


def test_a_store_that_is_closed_finds_nothing_keeps_nothing_and_reserves_nothing(store: Store) -> None:
    store.state.close()
    assert store.sentences.find(["a"], soon(store)) == {}
    store.sentences.keep({"a": "It is close."}, HOUR_S)
    with pytest.raises(StateUnavailable):
        store.sentences.reserve(DAY, 1, 100, soon(store))


def test_the_day_is_that_of_utc() -> None:
    assert day_of(1_764_287_999_000) == "2025-11-27"
    assert day_of(1_764_288_000_000) == "2025-11-28"
