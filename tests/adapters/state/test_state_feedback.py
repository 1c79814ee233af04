"""Contract: what ``record`` stores, and when it reports a duplicate or a replay."""

from dataclasses import replace

import pytest

from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import EventKind
from services.recommender.domain.profile import Profile
from services.recommender.errors import IdempotencyMismatch
from services.recommender.ports import Receipt
from tests.adapters.state.state_kit import NOON_MS, Store, did, logged, send, stored
from tests.builders import apply_all

ODD_IDS = ["#", "a#b", "rec#ann", "ann%23", "Zoë", "名前", "🎬", "a\x00b", "'; --", " ", "x" * 256, "🎬" * 256]


def test_an_unknown_person_has_an_empty_profile_without_a_revision(store: Store) -> None:
    profile = store.profile("nobody")
    assert (profile.user_id, profile.revision, len(profile.history)) == ("nobody", "", 0)


def test_an_event_is_in_the_profile_and_in_the_log(store: Store) -> None:
    [receipt] = stored(store.record(send(did("heat"), via="rec-1")))
    assert not receipt.duplicate
    assert not receipt.replayed
    profile = store.profile()
    assert profile.seen.tolist() == [hash_id("heat")]
    assert profile.updated_at == store.clock.now_ms()
    [logged] = store.log_of("ann")
    assert (logged.event_id, logged.event, logged.recommendation_id) == (receipt.event_id, did("heat"), "rec-1")


def test_a_profile_equals_its_events_applied(store: Store) -> None:
    events = [
        did("heat", EventKind.RATING, NOON_MS, 4.5),
        did("up", EventKind.DISLIKE, NOON_MS - 5),
        did("alien", EventKind.WATCH, NOON_MS + 9),
        did("heat", EventKind.CLEAR, NOON_MS + 1),
        did("up", EventKind.CLICK, NOON_MS + 2),
    ]
    for event in events:
        stored(store.record(send(event)))
    expected = apply_all(Profile("ann"), events)
    profile = store.profile()
    assert profile.history == expected.history
    assert profile.seen.tolist() == expected.seen.tolist()
    assert profile.disliked.tolist() == expected.disliked.tolist()


def test_every_write_makes_a_new_revision(store: Store) -> None:
    revisions = {store.revision()}
    for film in ("heat", "up", "alien"):
        store.record(send(did(film)))
        revisions.add(store.revision())
    assert len(revisions) == 4


def test_no_commands_give_no_results(store: Store) -> None:
    assert store.record() == []


def test_a_batch_has_results_in_order_and_duplicates_within_it(store: Store) -> None:
    results = stored(
        store.record(send(did("heat"), "ann"), send(did("up"), "bob"), send(did("up"), "ann"), send(did("heat"), "ann"))
    )
    assert [result.duplicate for result in results] == [False, False, False, True]
    assert results[3].event_id == results[0].event_id
    assert sorted(logged.event_id for logged in store.log_of("ann")) == sorted(
        [results[0].event_id, results[2].event_id]
    )
    assert [logged.event_id for logged in store.log_of("bob")] == [results[1].event_id]


def test_the_same_event_within_a_minute_is_a_duplicate_of_the_first(store: Store) -> None:
    [first] = stored(store.record(send(did(ts_ms=NOON_MS))))
    before = store.revision()
    [again] = stored(store.record(send(did(ts_ms=NOON_MS + 60_000))))
    assert again == Receipt(first.event_id, duplicate=True)
    assert store.revision() == before
    [later] = stored(store.record(send(did(ts_ms=NOON_MS + 60_001))))
    assert not later.duplicate
    assert len(store.log_of("ann")) == 2


def test_like_clear_like_are_three_events(store: Store) -> None:
    kinds = [EventKind.LIKE, EventKind.CLEAR, EventKind.LIKE]
    for step, kind in enumerate(kinds):
        [receipt] = stored(store.record(send(did(kind=kind, ts_ms=NOON_MS + step))))
        assert not receipt.duplicate
    assert [logged.event.kind for logged in store.log_of("ann")] == kinds


def test_another_value_film_or_person_is_no_duplicate(store: Store) -> None:
    results = stored(
        store.record(
            send(did(kind=EventKind.RATING, value=4.0)),
            send(did(kind=EventKind.RATING, value=4.5)),
            send(did("up", EventKind.RATING, value=4.5)),
            send(did("up", EventKind.RATING, value=4.5), "bob"),
        )
    )
    assert not any(result.duplicate for result in results)


def test_the_same_idempotency_key_is_a_replay(store: Store) -> None:
    [first] = stored(store.record(send(did(), key="a")))
    before = store.revision()
    [again] = stored(store.record(send(did(), key="a")))
    assert again == Receipt(first.event_id, replayed=True)
    assert store.revision() == before
    assert len(store.log_of("ann")) == 1


def test_events_with_different_keys_are_no_duplicates(store: Store) -> None:
    results = stored(store.record(send(did(), key="a"), send(did(), key="b")))
    assert not any(result.duplicate or result.replayed for result in results)
    assert len(store.log_of("ann")) == 2


def test_a_key_with_another_body_is_a_mismatch(store: Store) -> None:
    store.record(send(did("heat"), key="a", body="one"))
    good, bad = store.record(send(did("up"), key="b"), send(did("alien"), key="a", body="two"))
    assert isinstance(good, Receipt)
    assert isinstance(bad, IdempotencyMismatch)
    assert bad.pointer == ""
    assert {logged.event.item_id for logged in store.log_of("ann")} == {"heat", "up"}


def test_a_key_applies_within_one_batch(store: Store) -> None:
    first, again, mismatch = store.record(
        send(did(), key="a", body="one"), send(did(), key="a", body="one"), send(did(), key="a", body="two")
    )
    assert again == Receipt(first.event_id, replayed=True)
    assert isinstance(mismatch, IdempotencyMismatch)


def test_keys_of_different_scopes_are_separate(store: Store) -> None:
    first = send(did("heat"), key="a")
    second = replace(first, idempotency=replace(first.idempotency, scope="k2 POST /feedback"))
    assert [result.replayed for result in stored(store.record(first, second))] == [False, False]


def test_a_key_expires_after_a_day(store: Store) -> None:
    store.record(send(did(), key="a", body="one"))
    store.clock.tick(24 * 3_600 - 1)
    assert isinstance(store.record(send(did(), key="a", body="two"))[0], IdempotencyMismatch)
    store.clock.tick(1)
    [receipt] = stored(store.record(send(did(), key="a", body="two")))
    assert not receipt.replayed
    assert stored(store.record(send(did(), key="a", body="two")))[0].replayed


def test_a_mismatch_alone_stores_nothing_and_does_not_raise(store: Store) -> None:
    store.record(send(did(), key="a", body="one"))
    before = store.revision()
    assert isinstance(store.record(send(did("up"), key="a", body="two"))[0], IdempotencyMismatch)
    assert store.revision() == before


@pytest.mark.parametrize("odd", ODD_IDS, ids=range(len(ODD_IDS)))
def test_ids_are_kept_as_given(store: Store, odd: str) -> None:
    stored(store.record(send(did(odd), odd, key=odd, via=odd), send(did("heat"), odd + "2")))
    [logged] = store.log_of(odd)
    assert (logged.user_id, logged.event.item_id, logged.recommendation_id) == (odd, odd, odd)
    assert store.profile(odd).seen.tolist() == [hash_id(odd)]
    assert stored(store.record(send(did(odd), odd, key=odd)))[0].replayed
    assert store.state.erase(odd)
    assert store.log_of(odd) == []
    assert len(store.log_of(odd + "2")) == 1


def test_a_person_s_log_is_ordered_by_time_then_arrival(store: Store) -> None:
    store.record(send(did("b")), send(did("a")), send(did("early", ts_ms=NOON_MS - 1)))
    store.record(send(did("c")))
    assert [logged.event.item_id for logged in store.log_of("ann")] == ["early", "b", "a", "c"]


def test_event_ids_are_unique(store: Store) -> None:
    results = stored(store.record(*(send(did(str(n)), f"user {n % 3}") for n in range(100))))
    assert len({result.event_id for result in results}) == 100


def test_a_repeat_of_a_seeded_event_is_a_duplicate(store: Store) -> None:
    store.state.seed([logged(did("heat"), "ml-1")])
    assert stored(store.record(send(did("heat", ts_ms=NOON_MS + 1)))) == [Receipt("ml-1", duplicate=True)]


DAY_S = 86_400


@pytest.mark.parametrize("kind", [EventKind.CLEAR, EventKind.DISLIKE, EventKind.LIKE])
def test_an_event_with_a_future_time_does_not_override_a_new_one(store: Store, kind: EventKind) -> None:
    ahead = NOON_MS + 1_000 * DAY_S
    stored(store.record(send(did("heat", EventKind.DISLIKE if kind is EventKind.LIKE else EventKind.LIKE, ahead))))
    stored(store.record(send(did("heat", kind, NOON_MS))))
    profile, film = store.profile(), hash_id("heat")
    assert profile.history.of_film("heat").kinds.tolist() == [kind]
    assert (film in profile.disliked) is (kind is EventKind.DISLIKE)
    assert [logged.event.kind for logged in store.log_of("ann")][-1] is kind
    assert apply_all(Profile("ann"), [logged.event for logged in store.log_of("ann")]).history == profile.history


def test_an_old_event_does_not_override_one_with_a_future_time(store: Store) -> None:
    stored(store.record(send(did("heat", EventKind.LIKE, NOON_MS + 1_000 * DAY_S))))
    stored(store.record(send(did("heat", EventKind.DISLIKE, NOON_MS - 1_000 * DAY_S))))
    assert store.profile().history.of_film("heat").kinds.tolist() == [EventKind.LIKE]


def test_past_events_are_ordered_by_time(store: Store) -> None:
    stored(store.record(send(did("heat", EventKind.LIKE, NOON_MS))))
    stored(store.record(send(did("heat", EventKind.DISLIKE, NOON_MS - 10))))
    assert store.profile().history.of_film("heat").kinds.tolist() == [EventKind.LIKE]
