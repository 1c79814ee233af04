"""DynamoDB: two processes on the same tables, with calls interleaved at the worst moment; clocks a minute apart."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from services.adapters.state.dynamodb.dynamo_client import DynamoLocation
from services.recommender.domain.catalogue import hash_id
from services.recommender.domain.history import EventKind
from services.recommender.domain.profile import mark_of
from services.recommender.ports import ApiKey, CacheEntry, CacheKey, Receipt
from tests.adapters.state.dynamodb_kit import Wire
from tests.adapters.state.state_kit import (
    THREADS,
    FakeClock,
    Make,
    Store,
    did,
    dynamodb,
    dynamodb_at,
    flat,
    in_threads,
    logged,
    send,
    stored,
)
from tests.patience import PATIENCE_S

KEY = CacheKey("ann", "k20#ex0#f1")
MINUTE_S = 60


@pytest.fixture
def make(dynamodb_url: str) -> Make:
    return partial(dynamodb, dynamodb_url)


@pytest.fixture
def another(dynamodb_url: str, wire: Wire) -> Iterator[Callable[[float], Store]]:
    """A factory for more stores on the same tables, with clocks ``ahead_s`` seconds ahead."""
    opened: list[Store] = []

    def server(ahead_s: float = 0) -> Store:
        clock = FakeClock()
        clock.tick(ahead_s)
        opened.append(dynamodb_at(DynamoLocation(wire.tables, endpoint=dynamodb_url, timeout_s=PATIENCE_S), clock))
        return opened[-1]

    yield server
    for extra in opened:
        extra.state.close()


def films_in_agreement(store: Store, user_id: str = "ann") -> set[str]:
    """The films of the log; fails unless they are those of the profile."""
    films = {logged.event.item_id for logged in store.log_of(user_id)}
    assert set(store.profile(user_id).seen.tolist()) == {hash_id(film) for film in films}
    return films


def test_a_like_between_read_and_write_is_kept(store: Store, wire: Wire, another) -> None:
    other = another()
    wire.before("TransactWriteItems", lambda: stored(other.record(send(did("up")))))
    stored(store.record(send(did("heat"))))
    assert films_in_agreement(store) == {"heat", "up"}


def test_the_same_key_between_read_and_write_is_a_replay(store: Store, wire: Wire, another) -> None:
    other, first = another(), []
    # For two people: they conflict only in the record of the key, not in a profile.
    body = "the same body"
    wire.before("TransactWriteItems", lambda: first.extend(other.record(send(did(), "bob", key="a", body=body))))
    [receipt] = stored(store.record(send(did(), "ann", key="a", body=body)))
    assert receipt == Receipt(first[0].event_id, replayed=True)
    assert store.log_of("ann") == []
    assert store.revision("ann") == ""


def test_the_same_like_between_read_and_write_is_a_duplicate(store: Store, wire: Wire, another) -> None:
    other, first = another(), []
    wire.before("TransactWriteItems", lambda: first.extend(other.record(send(did()))))
    assert stored(store.record(send(did()))) == [Receipt(first[0].event_id, duplicate=True)]


def test_feedback_during_an_erasure_is_erased_too(store: Store, wire: Wire, another) -> None:
    other = another()
    stored(store.record(send(did("heat"), key="a")))
    wire.before("BatchWriteItem", lambda: stored(other.record(send(did("up"), key="b"))))
    wire.before("TransactWriteItems", lambda: stored(other.record(send(did("alien"), key="c"))))
    assert store.state.erase("ann")
    assert store.state.export("ann") is None
    assert films_in_agreement(store) == set()
    assert {item["pk"]["S"] for item in wire.items(wire.tables.cache)} == {"erased#"}


@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems"])
def test_feedback_after_a_concurrent_erasure_starts_a_new_profile(
    store: Store, wire: Wire, another, operation: str
) -> None:
    other = another()
    stored(store.record(send(did("heat"), key="a")))
    wire.before(operation, lambda: other.state.erase("ann"))
    stored(store.record(send(did("up"), key="b")))
    assert films_in_agreement(store) == {"up"}
    assert len(store.profile().history) == 1
    assert mark_of("ann") in store.state.erased()


def test_profile_and_log_agree_after_concurrent_erasures(store: Store, wire: Wire, another) -> None:
    other = another()
    stored(store.record(*(send(did(f"film {n}"), key=f"{n}") for n in range(40))))

    def between() -> None:
        assert other.state.erase("ann")
        stored(other.record(send(did("later"), key="x")))

    wire.before("BatchWriteItem", between)
    assert store.state.erase("ann")
    assert films_in_agreement(store) in (set(), {"later"})


def test_an_interrupted_erasure_is_completed_by_the_next(store: Store, wire: Wire) -> None:
    stored(store.record(*(send(did(f"film {n}"), key=f"{n}") for n in range(40))))
    for operation in ("DeleteItem", "BatchWriteItem", "TransactWriteItems"):
        wire.fail(operation, "AccessDeniedException")
        with pytest.raises(Exception, match="credentials"):
            store.state.erase("ann")
        assert store.profile().revision
    assert store.state.erase("ann")
    assert store.state.export("ann") is None
    assert {item["pk"]["S"] for item in wire.items(wire.tables.cache)} == {"erased#"}


def test_an_expired_key_reused_by_another_person_survives_the_erasure_of_the_first(store: Store) -> None:
    store.record(send(did(), "ann", key="a", body="one"))
    store.clock.tick(86_400)
    [receipt] = stored(store.record(send(did(), "bob", key="a", body="two")))
    assert store.state.erase("ann")
    again = stored(store.record(send(did(), "bob", key="a", body="two")))
    assert again == [Receipt(receipt.event_id, replayed=True)]


def test_an_answer_written_during_an_erasure_is_removed(store: Store, wire: Wire, another) -> None:
    other = another()
    stored(store.record(send(did())))
    answer = CacheEntry(store.revision(), b"{}", store.clock.now_s() + 60)
    wire.before("TransactWriteItems", lambda: other.state.write_cache(KEY, answer))
    assert store.state.erase("ann")
    store.state.write_cache(KEY, answer)
    assert {item["pk"]["S"] for item in wire.items(wire.tables.cache)} == {"erased#"}


def test_an_answer_written_just_before_an_erasure_is_removed(store: Store, wire: Wire, another) -> None:
    other = another()
    stored(store.record(send(did())))
    answer = CacheEntry(store.revision(), b"{}", store.clock.now_s() + 60)
    wire.before("GetItem", lambda: other.state.erase("ann"))
    store.state.write_cache(KEY, answer)
    assert {item["pk"]["S"] for item in wire.items(wire.tables.cache)} == {"erased#"}


def test_an_answer_is_removed_if_the_check_of_the_person_fails(store: Store, wire: Wire) -> None:
    stored(store.record(send(did())))
    answer = CacheEntry(store.revision(), b"{}", store.clock.now_s() + 60)
    wire.fail("GetItem", "InternalServerError", status=500)
    store.state.write_cache(KEY, answer)
    assert wire.items(wire.tables.cache) == []


def test_a_newer_answer_is_not_removed_with_a_stale_one(store: Store, wire: Wire, another) -> None:
    other = another()
    stored(store.record(send(did())))
    stale = CacheEntry(store.revision(), b"stale", store.clock.now_s() + 60)

    def moved_on() -> None:
        stored(other.record(send(did("up"))))
        other.state.write_cache(KEY, CacheEntry(other.revision(), b"new", stale.expires_at))

    wire.before("GetItem", moved_on)
    store.state.write_cache(KEY, stale)
    assert store.cached(KEY).payload == b"new"


@pytest.mark.parametrize("operation", ["UpdateItem", "BatchWriteItem", "PutItem"])
def test_feedback_during_a_load_is_kept(store: Store, wire: Wire, another, operation: str) -> None:
    other = another()
    log = [logged(did(film), f"e-{film}") for film in ("heat", "up")]
    wire.before(operation, lambda: stored(other.record(send(did("alien")))))
    assert store.state.seed(log) == 1
    assert films_in_agreement(store) == {"heat", "up", "alien"}


@pytest.mark.parametrize("operation", ["UpdateItem", "BatchWriteItem", "PutItem"])
@pytest.mark.parametrize("exists", [True, False])
def test_profile_and_log_agree_after_an_erasure_during_a_load(
    store: Store, wire: Wire, another, operation: str, exists: bool
) -> None:
    other = another()
    if exists:
        stored(store.record(send(did("alien"))))
    wire.before(operation, lambda: other.state.erase("ann"))
    assert store.state.seed([logged(did(film), f"e-{film}") for film in ("heat", "up")]) == 1
    assert films_in_agreement(store) == {"heat", "up"}


def test_profile_and_log_agree_after_a_load_during_an_erasure(store: Store, wire: Wire, another) -> None:
    other = another()
    stored(store.record(send(did("alien"))))
    wire.before("BatchWriteItem", lambda: other.state.seed([logged(did("heat"), "e1")]))
    assert store.state.erase("ann")
    assert films_in_agreement(store) == set()


def test_an_export_is_a_consistent_snapshot(store: Store, wire: Wire, another) -> None:
    other = another()
    stored(store.record(send(did("heat"))))
    wire.before("Query", lambda: stored(other.record(send(did("up")))))
    export = store.state.export("ann")
    assert len(export.events) == len(export.profile.history) == 2


def test_one_key_in_many_processes_is_one_event(store: Store, another) -> None:
    servers = [another() for _ in range(THREADS)]
    receipts = flat(in_threads(lambda n: [stored(servers[n].record(send(did(), key="a")))[0] for _ in range(50)]))
    assert len({receipt.event_id for receipt in receipts}) == 1
    assert sum(not receipt.replayed for receipt in receipts) == 1
    assert len(store.log_of("ann")) == 1


def test_a_quota_shared_by_many_processes_is_never_exceeded_at_a_rollover(store: Store, another) -> None:
    servers = [another() for _ in range(4)]
    at = store.clock.now_ms()
    assert sum(store.quota.admit("k1", 40, 10, at + n).allowed for n in range(20)) == 20

    def call(number: int) -> int:
        # So that every thread is sometimes the first in a new sub-bucket.
        moments = (at + 1_000 * (n // 4) for n in range(20))
        return sum(servers[number % 4].quota.admit("k1", 40, 10, moment).allowed for moment in moments)

    assert sum(in_threads(call, 8)) == 20


def test_a_rollover_by_another_process_is_continued(store: Store, wire: Wire, another) -> None:
    other = another()
    at = store.clock.now_ms()
    store.quota.admit("k1", 3, 10, at)
    wire.before("PutItem", lambda: other.quota.admit("k1", 3, 10, at + 1_000))
    assert store.quota.admit("k1", 3, 10, at + 1_000).remaining == 0
    assert not store.quota.admit("k1", 3, 10, at + 1_000).allowed


@pytest.mark.parametrize("ahead_s", [MINUTE_S, -MINUTE_S])
def test_processes_a_minute_apart_agree_on_people_keys_and_answers(
    store: Store, another, tmp_path: Path, ahead_s: int
) -> None:
    other = another(ahead_s)
    [first] = stored(store.record(send(did("heat"), key="a")))
    assert stored(other.record(send(did("heat"), key="a"))) == [Receipt(first.event_id, replayed=True)]
    stored(other.record(send(did("up", EventKind.DISLIKE, other.clock.now_ms()))))
    stored(store.record(send(did("up", EventKind.CLEAR, other.clock.now_ms() + 1))))
    assert agree(store, other)
    answer = CacheEntry(store.revision(), b"{}", store.clock.now_s() + 1_800)
    store.state.write_cache(KEY, answer)
    assert other.cached(KEY) == answer
    store.keys.put(ApiKey("k1", "shop", created_at=store.clock.now_ms()))
    assert other.keys.get("k1") == store.keys.get("k1")
    assert other.state.erase("ann")
    assert store.state.export("ann") is None


def agree(store: Store, other: Store) -> bool:
    first, second = store.profile(), other.profile()
    assert first.revision == second.revision
    return first.history == second.history and len(first.disliked) == 0 and len(first.history) == 2
