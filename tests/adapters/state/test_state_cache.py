"""Contract: which cached answers a read returns, and which are not stored."""

import pytest

from services.recommender.ports import CacheEntry, CacheKey
from tests.adapters.state.state_kit import Store, did, send

KEY = CacheKey("ann", "k20#ex0#f1")
ANONYMOUS = CacheKey(None, "k20#ex0#f1")


def entry(store: Store, revision: str, seconds: int = 1_800, payload: bytes = b"{}") -> CacheEntry:
    return CacheEntry(revision, payload, store.clock.now_s() + seconds)


def test_an_empty_store_has_no_cached_answer(store: Store) -> None:
    assert store.cached(KEY) is None
    assert store.state.read(None, None, store.deadline())[1] is None


def test_an_answer_is_read_as_written(store: Store) -> None:
    store.record(send(did()))
    written = entry(store, store.revision(), payload=bytes(range(256)) * 40)
    store.state.write_cache(KEY, written)
    profile, cached = store.state.read("ann", KEY, store.deadline())
    assert cached == written
    assert profile.revision == written.revision


def test_profile_and_answer_can_be_read_separately(store: Store) -> None:
    store.record(send(did()))
    store.state.write_cache(KEY, entry(store, store.revision()))
    assert store.state.read("ann", None, store.deadline())[1] is None
    assert store.state.read(None, None, store.deadline())[0] is None


def test_anonymous_answers_have_no_revision(store: Store) -> None:
    written = entry(store, "")
    store.state.write_cache(ANONYMOUS, written)
    profile, cached = store.state.read(None, ANONYMOUS, store.deadline())
    assert (profile, cached) == (None, written)


def test_an_unknown_person_s_answer_ends_with_their_first_event(store: Store) -> None:
    store.state.write_cache(KEY, entry(store, ""))
    assert store.cached(KEY) is not None
    store.record(send(did()))
    assert store.cached(KEY) is None


def test_an_answer_of_an_earlier_revision_is_not_returned(store: Store) -> None:
    store.record(send(did()))
    store.state.write_cache(KEY, entry(store, store.revision()))
    store.record(send(did("up")))
    assert store.cached(KEY) is None


def test_a_later_answer_replaces_an_earlier_one(store: Store) -> None:
    for payload in (b"one", b"two"):
        store.state.write_cache(KEY, entry(store, "", payload=payload))
    assert store.cached(KEY).payload == b"two"


@pytest.mark.parametrize("revision", ["another", ""])
def test_an_answer_of_another_revision_is_not_stored(store: Store, revision: str) -> None:
    store.record(send(did()))
    good = entry(store, store.revision())
    store.state.write_cache(KEY, good)
    store.state.write_cache(KEY, entry(store, revision, payload=b"stale"))
    assert store.cached(KEY) in (good, None), "one store writes first and checks the revision afterwards"
    assert store.state.export("ann").cached_answers == (store.cached(KEY) is not None)


def test_no_answer_is_stored_for_a_person_erased_meanwhile(store: Store) -> None:
    store.record(send(did()))
    late = entry(store, store.revision())
    store.state.erase("ann")
    store.state.write_cache(KEY, late)
    assert store.state.export("ann") is None


def test_an_answer_expires(store: Store) -> None:
    store.state.write_cache(KEY, entry(store, "", seconds=10))
    store.clock.tick(9.999)
    assert store.cached(KEY) is not None
    store.clock.tick(0.001)
    assert store.cached(KEY) is None
    assert store.state.export("ann") is None


def test_entries_and_owners_are_separate(store: Store) -> None:
    keys = [KEY, CacheKey("ann", "k20#ex1#f1"), CacheKey("bob", "k20#ex0#f1"), ANONYMOUS]
    for number, key in enumerate(keys):
        store.state.write_cache(key, entry(store, "", payload=b"%d" % number))
    assert [store.cached(key, key.user_id).payload for key in keys] == [b"0", b"1", b"2", b"3"]
