"""Contract: stored sentences and the daily token count."""

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


def test_a_sentence_is_read_as_stored(store: Store) -> None:
    sentences = {"a" * 32: "It is close to “Amélie”.", "b" * 32: ""}
    store.sentences.keep(sentences, HOUR_S)
    assert store.sentences.find([*sentences, "c" * 32], soon(store)) == sentences


def test_unknown_keys_are_not_found(store: Store) -> None:
    assert store.sentences.find(["a", "b"], soon(store)) == {}


def test_a_sentence_expires(store: Store[FakeClock]) -> None:
    store.sentences.keep({"a": "It is close."}, HOUR_S)
    store.clock.tick(HOUR_S)
    assert store.sentences.find(["a"], soon(store)) == {}


def test_a_later_sentence_replaces_an_earlier_one(store: Store) -> None:
    for sentence in ("One.", "Another."):
        store.sentences.keep({"a": sentence}, HOUR_S)
    assert store.sentences.find(["a"], soon(store)) == {"a": "Another."}


def test_more_than_a_hundred_sentences_are_found(store: Store) -> None:
    sentences = {f"key-{n}": f"Sentence {n}." for n in range(120)}
    store.sentences.keep(sentences, HOUR_S)
    assert store.sentences.find(list(sentences), soon(store)) == sentences


def test_tokens_are_reserved_up_to_the_limit(store: Store) -> None:
    counted = [store.sentences.reserve(DAY, 40, 100, soon(store)) for _ in range(3)]
    assert counted == [40, 80, None]
    assert store.sentences.reserve(DAY, 20, 100, soon(store)) == 100
    assert store.sentences.reserve(DAY, 1, 100, soon(store)) is None


def test_a_reservation_above_the_daily_limit_is_refused(store: Store) -> None:
    assert store.sentences.reserve(DAY, 101, 100, soon(store)) is None
    assert store.sentences.reserve(DAY, 100, 100, soon(store)) == 100


def test_another_day_starts_at_zero(store: Store) -> None:
    assert store.sentences.reserve(DAY, 100, 100, soon(store)) == 100
    assert store.sentences.reserve("2026-11-29", 100, 100, soon(store)) == 100


def test_returned_tokens_can_be_reserved_again(store: Store) -> None:
    store.sentences.reserve(DAY, 100, 100, soon(store))
    store.sentences.give_back(DAY, 70)
    assert store.sentences.reserve(DAY, 70, 100, soon(store)) == 100


def test_tokens_used_beyond_the_reservation_are_counted(store: Store) -> None:
    store.sentences.reserve(DAY, 40, 100, soon(store))
    store.sentences.give_back(DAY, -50)
    assert store.sentences.reserve(DAY, 20, 100, soon(store)) is None
    assert store.sentences.reserve(DAY, 10, 100, soon(store)) == 100


def test_tokens_returned_to_a_day_without_a_count_are_ignored(store: Store) -> None:
    store.sentences.give_back(DAY, 70)
    assert store.sentences.reserve(DAY, 100, 100, soon(store)) == 100


def test_eight_threads_never_reserve_more_than_the_limit(store: Store) -> None:
    def reserve(_: int) -> int | None:
        # On a busy machine a thread may exceed its time limit: retry.
        while True:
            with suppress(StateUnavailable):
                return store.sentences.reserve(DAY, 10, 300, soon(store))

    with ThreadPoolExecutor(8) as threads:
        counted = [count for count in threads.map(reserve, range(60)) if count is not None]
    assert sorted(counted) == [10 * n for n in range(1, 31)]


def test_an_erasure_keeps_sentences_which_belong_to_no_person(store: Store) -> None:
    store.sentences.keep({"a": "It is close."}, HOUR_S)
    store.state.erase("say")
    assert store.sentences.find(["a"], soon(store)) == {"a": "It is close."}


def test_a_closed_store_finds_no_sentences_and_reserves_no_tokens(store: Store) -> None:
    store.state.close()
    assert store.sentences.find(["a"], soon(store)) == {}
    store.sentences.keep({"a": "It is close."}, HOUR_S)
    with pytest.raises(StateUnavailable):
        store.sentences.reserve(DAY, 1, 100, soon(store))


def test_the_day_is_in_utc() -> None:
    assert day_of(1_764_287_999_000) == "2025-11-27"
    assert day_of(1_764_288_000_000) == "2025-11-28"
