"""DynamoDB: number and form of the requests; the stored items."""

from dataclasses import replace
from functools import partial

import pytest

from services.adapters.state.dynamodb.consumed_units import ConsumedUnits
from services.adapters.state.dynamodb.dynamo_client import DynamoLocation
from services.adapters.state.dynamodb.feedback import ACTIONS
from services.recommender.domain.history import EventKind
from services.recommender.errors import IdempotencyMismatch, StateUnavailable
from services.recommender.ports import ApiKey, CacheEntry, CacheKey, Receipt
from tests.adapters.state.dynamodb_kit import Wire
from tests.adapters.state.state_kit import (
    NOON_MS,
    Make,
    Store,
    did,
    dynamodb,
    dynamodb_at,
    logged,
    passing,
    send,
    stored,
)
from tests.patience import PATIENCE_S

KEY = CacheKey("ann", "k20#ex0#f1")


@pytest.fixture
def make(dynamodb_url: str) -> Make:
    return partial(dynamodb, dynamodb_url)


def entry(store: Store, revision: str = "", seconds: int = 60, payload: bytes = b"{}") -> CacheEntry:
    return CacheEntry(revision, payload, store.clock.now_s() + seconds)


def writes_of(wire: Wire) -> list[list[dict]]:
    return [params["TransactItems"] for name, params in wire.sent if name == "TransactWriteItems"]


def keyed(count: int, user_id: str = "ann") -> list:
    return [send(did(f"film {n}"), user_id, key=f"k#{n}") for n in range(count)]


def test_a_read_is_one_batch_with_the_person_strongly_consistent(store: Store, wire: Wire) -> None:
    store.state.read("ann", KEY, store.deadline())
    [(operation, params)] = wire.sent
    assert operation == "BatchGetItem"
    people, answers = params["RequestItems"][wire.tables.users], params["RequestItems"][wire.tables.cache]
    assert people["ConsistentRead"] is True
    assert people["Keys"] == [{"user_id": {"S": "ann"}}]
    assert answers["Keys"] == [{"pk": {"S": "rec#ann"}, "sk": {"S": "k20#ex0#f1"}}]
    assert "ConsistentRead" not in answers


def test_an_empty_read_makes_no_call(store: Store, wire: Wire) -> None:
    assert store.state.read(None, None, store.deadline())[0] is None
    assert wire.sent == []


def test_only_unprocessed_keys_are_requested_again(store: Store, wire: Wire) -> None:
    store.state.write_cache(KEY, entry(store))
    wire.sent.clear()
    left = {wire.tables.cache: {"Keys": [{"pk": {"S": "rec#ann"}, "sk": {"S": "k20#ex0#f1"}}]}}
    wire.answer("BatchGetItem", lambda: {"Responses": {wire.tables.users: []}, "UnprocessedKeys": left})
    profile, cached = store.state.read("ann", KEY, store.deadline())
    assert (profile.revision, cached) == ("", entry(store))
    assert [list(params["RequestItems"]) for _, params in wire.sent] == [
        [wire.tables.users, wire.tables.cache],
        [wire.tables.cache],
    ]


def test_keys_that_stay_unprocessed_are_an_outage(store: Store, wire: Wire) -> None:
    keys = {wire.tables.users: {"Keys": [{"user_id": {"S": "ann"}}]}}
    for _ in range(50):
        wire.answer("BatchGetItem", lambda: {"Responses": {}, "UnprocessedKeys": keys})
    with pytest.raises(StateUnavailable, match="left part of a batch"):
        store.state.read("ann", None, passing(looks=4))


def test_an_expired_answer_still_in_the_table_is_ignored(store: Store, wire: Wire) -> None:
    store.state.write_cache(KEY, entry(store, seconds=10))
    store.clock.tick(10)
    assert len(wire.items(wire.tables.cache)) == 1
    assert store.cached(KEY) is None
    assert store.state.export("ann") is None
    assert not store.state.erase("ann")
    assert [item["pk"]["S"] for item in wire.items(wire.tables.cache)] == ["erased#"]


def test_an_answer_is_written_by_a_put_and_a_check_instead_of_a_transaction(store: Store, wire: Wire) -> None:
    store.record(send(did()))
    answer = CacheEntry(store.revision(), b"{}", store.clock.now_s() + 60)
    wire.sent.clear()
    store.state.write_cache(KEY, answer)
    [(first, _), (second, params)] = wire.sent
    assert (first, second) == ("PutItem", "GetItem")
    assert (params["ConsistentRead"], params["ProjectionExpression"]) == (True, "revision")
    assert store.cached(KEY) == answer


def test_answers_are_compressed(store: Store, wire: Wire) -> None:
    payload = b'{"item_id": "film", "reason": ["because"]}' * 100
    store.state.write_cache(KEY, entry(store, payload=payload))
    assert store.cached(KEY).payload == payload
    assert len(wire.items(wire.tables.cache)[0]["payload"]["B"]) < len(payload) / 10


def test_one_event_is_one_read_and_one_transaction(store: Store, wire: Wire) -> None:
    store.record(send(did(), key="a"))
    assert wire.operations == ["BatchGetItem", "TransactWriteItems"]
    assert all(table["ConsistentRead"] for table in wire.sent[0][1]["RequestItems"].values())
    [actions] = writes_of(wire)
    assert [action["Put"]["TableName"] for action in actions] == [
        wire.tables.users,
        wire.tables.events,
        wire.tables.cache,
    ]
    assert actions[0]["Put"]["ConditionExpression"] == "attribute_not_exists(user_id)"
    assert wire.sent[1][1]["ClientRequestToken"]
    store.record(send(did("up")))
    assert writes_of(wire)[1][0]["Put"]["ConditionExpression"] == "revision = :r"


def test_a_batch_that_fits_is_one_write_of_the_person(store: Store, wire: Wire) -> None:
    stored(store.record(*(send(did(f"film {n}")) for n in range(ACTIONS - 1))))
    assert [len(actions) for actions in writes_of(wire)] == [ACTIONS]


def test_a_large_batch_is_split_in_order(store: Store, wire: Wire) -> None:
    receipts = stored(store.record(*keyed(100)))
    assert [len(actions) for actions in writes_of(wire)] == [99, 99, 5]
    assert [logged.event_id for logged in store.log_of("ann")] == [receipt.event_id for receipt in receipts]
    assert len(store.profile().seen) == 100
    again = stored(store.record(*keyed(100)))
    assert all(receipt.replayed for receipt in again)


def test_keys_and_duplicates_are_detected_across_the_parts_of_a_split_batch(store: Store) -> None:
    commands = keyed(60)
    mismatched = replace(commands[0], idempotency=replace(commands[0].idempotency, fingerprint="other"))
    *fresh, again, mismatch, duplicate = store.record(*commands, commands[3], mismatched, send(did("film 3")))
    assert again == Receipt(fresh[3].event_id, replayed=True)
    assert isinstance(mismatch, IdempotencyMismatch)
    assert duplicate == Receipt(fresh[3].event_id, duplicate=True)


def test_a_failed_part_keeps_the_earlier_parts_and_is_reported(store: Store, wire: Wire) -> None:
    store.record(send(did("first")))
    wire.before("TransactWriteItems", lambda: wire.fail("TransactWriteItems", "ValidationException"))
    with pytest.raises(StateUnavailable):
        store.record(*keyed(20))
    wire.before(
        "TransactWriteItems",
        lambda: wire.before("TransactWriteItems", lambda: wire.fail("TransactWriteItems", "ValidationException")),
    )
    results = store.record(*keyed(100))
    assert [isinstance(result, Receipt) for result in results] == [True] * 49 + [False] * 51
    assert len(store.profile().seen) == len(store.log_of("ann")) == 50
    assert [result.replayed for result in stored(store.record(*keyed(100)))] == [True] * 49 + [False] * 51


def test_a_duplicate_names_the_latest_stored_or_sent_event(store: Store) -> None:
    [before] = stored(store.record(send(did(ts_ms=NOON_MS - 10_000))))
    early, again = stored(store.record(send(did(ts_ms=NOON_MS - 80_000)), send(did(ts_ms=NOON_MS - 9_000))))
    assert not early.duplicate
    assert again == Receipt(before.event_id, duplicate=True)


def test_an_event_is_stored_in_readable_form(store: Store, wire: Wire) -> None:
    [receipt] = stored(store.record(send(did("heat", EventKind.RATING, NOON_MS, 4.5), key="a", via="rec-1")))
    [item] = wire.items(wire.tables.events)
    assert item["sk"] == {"S": f"00{NOON_MS}#{receipt.event_id}"}
    assert (item["event"], item["value"]) == ({"S": "rating"}, {"N": "4.5"})
    assert item["recommendation_id"] == {"S": "rec-1"}
    [record] = wire.items(wire.tables.cache)
    assert record["pk"] == item["idempotency"]
    assert int(record["expires_at"]["N"]) == store.clock.now_s() + 86_400
    assert "ann" not in record["pk"]["S"]


def test_a_person_s_newest_films_are_stored_by_id(store: Store, wire: Wire) -> None:
    store.record(*(send(did(f"film {n}", ts_ms=NOON_MS + n)) for n in range(25)))
    store.record(send(did("film 7", EventKind.CLEAR, NOON_MS + 30)), send(did("film 5", EventKind.WATCH, NOON_MS + 31)))
    [item] = wire.items(wire.tables.users)
    films = [film["S"] for film in item["recent_item_ids"]["L"]]
    assert films == ["film 5", *(f"film {n}" for n in range(24, 7, -1)), "film 6"]
    store.record(
        send(did("film 5", EventKind.DISLIKE, NOON_MS - 9)), send(did("film 9", EventKind.CLEAR, NOON_MS + 99))
    )
    [item] = wire.items(wire.tables.users)
    # The late dislike is older than the events after it and changes nothing; the clear removes its film.
    assert [film["S"] for film in item["recent_item_ids"]["L"]][:2] == ["film 5", "film 24"]
    assert {"S": "film 9"} not in item["recent_item_ids"]["L"]


def test_seeded_people_have_their_newest_films(store: Store, wire: Wire) -> None:
    store.state.seed([logged(did(film, ts_ms=NOON_MS + n), f"e{n}") for n, film in enumerate(["up", "heat"])])
    [item] = wire.items(wire.tables.users)
    assert [film["S"] for film in item["recent_item_ids"]["L"]] == ["heat", "up"]


def test_keys_quotas_and_erasure_marks_have_separate_partitions(store: Store, wire: Wire) -> None:
    store.keys.put(ApiKey("k1", "shop"))
    store.quota.admit("k1", 5, 60, store.clock.now_ms())
    store.state.erase("ann")
    assert sorted(item["pk"]["S"] for item in wire.items(wire.tables.cache)) == ["erased#", "key#", "quota#k1"]


def test_a_request_within_a_sub_bucket_is_one_write(store: Store, wire: Wire) -> None:
    store.quota.admit("k1", 5, 10, store.clock.now_ms())
    wire.sent.clear()
    assert store.quota.admit("k1", 5, 10, store.clock.now_ms()).remaining == 3
    assert wire.operations == ["UpdateItem"]


def test_consumed_units_are_those_that_dynamodb_reports(dynamodb_url: str, store: Store, wire: Wire) -> None:
    units = ConsumedUnits()
    counted = dynamodb_at(DynamoLocation(wire.tables, endpoint=dynamodb_url, timeout_s=PATIENCE_S), store.clock, units)
    stored(counted.record(send(did(), key="a")))
    first = units.write
    assert first > 0
    counted.state.read("ann", KEY, counted.deadline())
    assert units.read >= 1.0  # strongly consistent, up to four kilobytes
    counted.quota.admit("k1", 5, 10, store.clock.now_ms())
    assert units.write == first + 1.0
    counted.state.close()


def test_consumed_units_are_requested_only_on_demand(store: Store, wire: Wire) -> None:
    store.record(send(did()))
    assert not any("ReturnConsumedCapacity" in params for _, params in wire.sent)


def test_consumed_units_are_summed_over_tables_for_reads_and_writes() -> None:
    units = ConsumedUnits()
    units.add("batch_get_item", {"ConsumedCapacity": [{"CapacityUnits": 1.0}, {"CapacityUnits": 0.5}]})
    units.add("query", {"ConsumedCapacity": {"CapacityUnits": 2.0}})
    units.add("transact_write_items", {"ConsumedCapacity": [{"CapacityUnits": 6.0}]})
    units.add("put_item", {"ConsumedCapacity": {"CapacityUnits": 1.0}})
    units.add("put_item", {})
    assert units == ConsumedUnits(read=3.5, write=7.0)
