"""Contract: bulk load, log, export, erasure, readiness."""

import random
from itertools import groupby, pairwise

import pytest

from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import MAX_EVENTS, RATINGS, Event, EventKind
from services.recommender.domain.profile import Profile, mark_of
from services.recommender.errors import StateUnavailable
from services.recommender.ports import CacheEntry, CacheKey, Deadline, LoggedEvent
from tests.adapters.state.state_kit import NOON_MS, Store, did, logged, send, stored
from tests.builders import apply_all
from tests.patience import PATIENCE_S


def ratings(people: int, films: int, seed: int = 7) -> list[LoggedEvent]:
    """Ratings of simulated people, ordered by time."""
    rnd = random.Random(seed)
    log = [
        logged(
            Event(str(film), EventKind.RATING, rnd.choice(RATINGS), NOON_MS - rnd.randrange(10**9)),
            f"sim-{person}-{film}",
            f"sim:{person}",
        )
        for person in range(people)
        for film in rnd.sample(range(films * 2), films)
    ]
    return sorted(log, key=lambda logged_event: logged_event.event.ts_ms)


def cache_for(store: Store, user_id: str, entry: str = "k20#ex0#f1") -> CacheKey:
    key = CacheKey(user_id, entry)
    answer = CacheEntry(store.revision(user_id), b"{}", store.clock.now_s() + 60)
    store.state.write_cache(key, answer)
    return key


def test_seeded_profiles_equal_their_events_applied(store: Store) -> None:
    log = ratings(people=20, films=30)
    assert store.state.seed(log) == 20
    for person in {logged_event.user_id for logged_event in log}:
        events = [logged_event.event for logged_event in log if logged_event.user_id == person]
        expected = apply_all(Profile(person), events)
        profile = store.profile(person)
        assert profile.history == expected.history
        assert profile.seen.tolist() == expected.seen.tolist()
        assert profile.disliked.tolist() == expected.disliked.tolist()
        assert profile.revision
    assert sorted(map(repr, store.state.log())) == sorted(map(repr, log))


def test_seeding_more_events_than_fit_a_transaction_or_a_history(store: Store) -> None:
    log = ratings(people=20, films=1_200)
    assert store.state.seed(log) == 20
    assert len(list(store.state.log())) == len(log)
    profile = store.profile("sim:3")
    assert (len(profile.history), len(profile.seen)) == (MAX_EVENTS, 1_200)
    assert profile.history.ts_ms.tolist() == sorted(profile.history.ts_ms.tolist())


def test_seeding_twice_changes_nothing(store: Store) -> None:
    log = ratings(people=5, films=10)
    store.state.seed(log)
    before = store.profile("sim:1").history
    assert store.state.seed(log) == 5
    assert len(list(store.state.log())) == len(log)
    assert store.profile("sim:1").history == before


def test_events_of_the_same_time_keep_their_order(store: Store) -> None:
    log = [logged(did(film), f"ml-{film}") for film in ("up", "alien", "heat")]
    for _ in range(2):
        store.state.seed(log)
        assert [logged_event.event_id for logged_event in store.log_of("ann")] == ["ml-up", "ml-alien", "ml-heat"]
        assert store.profile().history.hashes.tolist() == [hash_id(film) for film in ("up", "alien", "heat")]
    store.record(send(did("brazil")))
    assert [logged_event.event.item_id for logged_event in store.state.export("ann").events] == [
        "up",
        "alien",
        "heat",
        "brazil",
    ]


def test_seeding_an_event_again_replaces_it(store: Store) -> None:
    store.state.seed([logged(did(kind=EventKind.RATING, value=5.0), "ml-1")])
    store.state.seed([logged(did(kind=EventKind.RATING, value=1.0), "ml-1")])
    assert [logged_event.event.value for logged_event in store.log_of("ann")] == [1.0]
    assert len(store.profile().disliked) == 1


def test_a_repeated_line_is_stored_once_in_its_first_place(store: Store) -> None:
    first, between = logged(did("heat"), "ml-1"), logged(did("alien"), "ml-0")
    store.state.seed([first, between, first])
    assert [logged_event.event_id for logged_event in store.log_of("ann")] == ["ml-1", "ml-0"]


def test_seeding_keeps_earlier_feedback(store: Store) -> None:
    store.record(send(did("heat", EventKind.DISLIKE)), send(did("up", EventKind.CLEAR)))
    store.state.seed([logged(did(film, ts_ms=NOON_MS - 1), f"ml-{film}") for film in ("heat", "up", "alien")])
    profile = store.profile()
    assert len(profile.disliked) == 1
    assert len(profile.seen) == 2
    assert len(store.log_of("ann")) == 5


def test_seeding_any_kind_of_event_in_any_order(store: Store) -> None:
    events = [
        did("heat", EventKind.CLEAR, NOON_MS),
        did("heat", EventKind.LIKE, NOON_MS - 9),
        did("up", EventKind.CLICK, NOON_MS - 1),
        did("up", EventKind.DISLIKE, NOON_MS - 2),
        did("heat", EventKind.WATCH, NOON_MS + 1),
    ]
    store.state.seed([logged(event, f"e{number}") for number, event in enumerate(events)])
    expected = apply_all(Profile("ann"), sorted(events, key=lambda event: event.ts_ms))
    profile = store.profile()
    assert profile.history == expected.history
    assert profile.seen.tolist() == expected.seen.tolist()


def test_seeding_invalidates_cached_answers(store: Store) -> None:
    store.record(send(did()))
    key = cache_for(store, "ann")
    store.state.seed([logged(did("up"), "ml-1")])
    assert store.cached(key) is None


def test_seeding_fails_at_the_deadline_and_can_be_repeated(store: Store) -> None:
    log = [logged(did(film), f"e-{film}") for film in ("heat", "up")]
    with pytest.raises(StateUnavailable):
        store.state.seed(log, Deadline.within(store.clock, 0.0))
    assert store.state.seed(log, Deadline.within(store.clock, PATIENCE_S)) == 1
    assert [logged_event.event_id for logged_event in store.state.log()] == ["e-heat", "e-up"]


def test_seeding_no_events(store: Store) -> None:
    assert store.state.seed([]) == 0
    assert list(store.state.log()) == []


def test_the_log_is_complete_and_ordered_by_person_and_time(store: Store) -> None:
    events = ratings(people=30, films=400)
    store.state.seed(events)
    log = store.state.log()
    first, again = list(log), list(log)
    assert len(events) == len(first)
    assert first == again  # from the start each time
    people = [user_id for user_id, _ in groupby(first, key=lambda logged_event: logged_event.user_id)]
    assert len(people) == len(set(people)) == 30  # a person at a time
    assert all(
        earlier.event.ts_ms <= later.event.ts_ms
        for earlier, later in pairwise(first)
        if earlier.user_id == later.user_id
    )


def test_the_log_can_be_resumed_after_a_person(store: Store) -> None:
    store.state.seed(ratings(people=7, films=30))
    whole = list(store.state.log())
    people = [user_id for user_id, _ in groupby(whole, key=lambda logged_event: logged_event.user_id)]
    for number, user_id in enumerate(people):
        rest = list(store.state.log(after=user_id))
        assert rest == [logged_event for logged_event in whole if logged_event.user_id in people[number + 1 :]]


def test_the_export_of_an_unknown_person_is_none(store: Store) -> None:
    assert store.state.export("nobody") is None


def test_the_export_is_complete(store: Store) -> None:
    receipts = stored(store.record(send(did("heat"), via="rec-1"), send(did("up")), send(did("up"), "bob")))
    cache_for(store, "ann")
    cache_for(store, "ann", "k5#ex0#f1")
    cache_for(store, "bob")
    export = store.state.export("ann")
    assert [logged_event.event_id for logged_event in export.events] == [receipts[0].event_id, receipts[1].event_id]
    assert export.events[0].recommendation_id == "rec-1"
    assert export.profile.revision == store.revision()
    assert len(export.profile.history) == 2
    assert export.cached_answers == 2


def test_an_erasure_removes_all_of_the_person_and_nothing_of_others(store: Store) -> None:
    store.record(send(did(), "ann", key="a"), send(did(), "bob", key="b"))
    cache_for(store, "ann")
    other_key = cache_for(store, "bob")
    assert store.state.erase("ann")
    assert store.state.export("ann") is None
    assert store.revision("ann") == ""
    assert [logged_event.user_id for logged_event in store.state.log()] == ["bob"]
    assert store.cached(other_key, "bob") is not None
    assert not stored(store.record(send(did(), "ann", key="a")))[0].replayed
    assert stored(store.record(send(did(), "bob", key="b")))[0].replayed


def test_an_erasure_removes_the_answers_of_an_id_with_a_separator(store: Store) -> None:
    key = cache_for(store, "a#b")
    assert store.state.export("a#b").cached_answers == 1
    assert store.state.erase("a#b")
    assert store.cached(key, "a#b") is None


def test_an_erasure_leaves_a_mark_without_the_id(store: Store) -> None:
    assert store.state.erased() == frozenset()
    store.record(send(did(), "Zoë"))
    for _ in range(2):
        store.state.erase("Zoë")
    store.state.erase("never seen")
    assert store.state.erased() == {mark_of("Zoë"), mark_of("never seen")}
    store.record(send(did(), "Zoë"))
    assert mark_of("Zoë") in store.state.erased()  # events before the erasure stay erased


def test_anonymous_answers_belong_to_no_person(store: Store) -> None:
    key = CacheKey(None, "k20")
    store.state.write_cache(key, CacheEntry("", b"answer", store.clock.now_s() + 60))
    assert store.state.export("") is None
    assert not store.state.erase("")
    assert store.cached(key, None) is not None


def test_erasing_an_unknown_person_is_false(store: Store) -> None:
    assert not store.state.erase("nobody")
    store.record(send(did()))
    assert store.state.erase("ann")
    assert not store.state.erase("ann")


def test_an_expired_answer_alone_cannot_be_erased(store: Store) -> None:
    cache_for(store, "ann")
    store.clock.tick(61)
    assert not store.state.erase("ann")


def test_a_cached_answer_alone_is_exported_and_erased(store: Store) -> None:
    cache_for(store, "ann")
    assert store.state.export("ann").events == ()
    assert store.state.erase("ann")


def test_an_erased_person_starts_with_an_empty_profile(store: Store) -> None:
    store.record(send(did("heat")))
    store.state.erase("ann")
    assert not stored(store.record(send(did("heat"))))[0].duplicate
    assert len(store.profile().history) == 1


def test_a_ping_succeeds_until_the_store_is_closed(store: Store) -> None:
    store.state.ping(store.deadline())
    store.state.close()
    with pytest.raises(StateUnavailable):
        store.state.ping(store.deadline())
    with pytest.raises(StateUnavailable):
        store.record(send(did()))
