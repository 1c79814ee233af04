"""DynamoDB stopped, slow, throttled, without a table or credentials: StateUnavailable in time, nothing half stored."""

import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from services.adapters.aws import session
from services.adapters.breaker import FAILURES
from services.adapters.state.dynamodb import log as event_log
from services.adapters.state.dynamodb import quota
from services.adapters.state.dynamodb.dynamo_client import DynamoLocation
from services.adapters.state.dynamodb.dynamo_failures import advice, is_outage, is_transient
from services.adapters.state.dynamodb.store import DynamoStore
from services.bootstrap import SystemClock
from services.recommender.domain.ids import hash_id
from services.recommender.errors import StateBusy, StateUnavailable
from services.recommender.ports import CacheEntry, CacheKey, Clock, Deadline, Receipt
from tests.adapters.state.dynamodb_kit import Wire
from tests.adapters.state.state_kit import (
    FakeClock,
    Make,
    Store,
    did,
    dynamodb,
    dynamodb_at,
    line,
    new_tables,
    passing,
    send,
    stored,
)
from tests.patience import HASTE_S, PATIENCE_S
from tests.servers.dynamodb import DynamoDb

KEY = CacheKey("ann", "k20#ex0#f1")
THROTTLED = "ProvisionedThroughputExceededException"
# Of an attempt when nothing of the time is left.
SHORTEST_S = 0.002


@pytest.fixture
def make(dynamodb_url: str) -> Make:
    return partial(dynamodb, dynamodb_url)


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def silent(black_hole: str) -> Iterator[Callable[..., tuple[Store, Wire]]]:
    """Makes stores before that server. That a call comes back at all shows that the server was given up; how long it
    was waited for stands in ``Wire.waits``.
    """
    made: list[tuple[Store, Wire]] = []

    def make(clock: Clock, timeout_s: float = HASTE_S) -> tuple[Store, Wire]:
        store = dynamodb_at(DynamoLocation(new_tables(), endpoint=black_hole, timeout_s=timeout_s), clock)
        made.append((store, Wire(store)))
        return made[-1]

    yield make
    for store, wire in made:
        wire.close()
        store.state.close()


def contents(store: Store) -> tuple:
    return (store.revision("ann"), list(store.state.log()), store.state.export("ann") is None)


def test_a_server_that_never_answers_is_left_by_the_deadline(silent) -> None:
    store, wire = silent(FakeClock(), timeout_s=PATIENCE_S)
    for act in (
        lambda deadline: store.state.read("ann", KEY, deadline),
        lambda deadline: store.state.record([send(did())], deadline),
        store.state.ping,
    ):
        wire.waits.clear()
        with pytest.raises(StateUnavailable):
            act(Deadline.within(SystemClock(), HASTE_S))
        assert sum(wire.waits) <= HASTE_S + SHORTEST_S


def test_a_read_takes_two_attempts_and_not_the_whole_deadline(silent) -> None:
    store, wire = silent(FakeClock())
    with pytest.raises(StateUnavailable, match="did not respond in time"):
        store.state.read("ann", KEY, Deadline.within(SystemClock(), PATIENCE_S))
    assert sum(wire.waits) <= 2 * HASTE_S + SHORTEST_S


def test_a_quota_does_not_wait_long(silent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "QUOTA_WAIT_S", HASTE_S)
    store, wire = silent(SystemClock(), timeout_s=PATIENCE_S)
    with pytest.raises(StateUnavailable):
        store.quota.admit("k1", 5, 60, 0)
    assert sum(wire.waits) <= HASTE_S + SHORTEST_S


def test_a_cache_write_is_tried_once(silent) -> None:
    store, wire = silent(FakeClock())
    for key in (KEY, CacheKey(None, "k20")):
        store.state.write_cache(key, CacheEntry("", b"{}", 2_000_000_000))
    assert wire.operations == ["PutItem", "PutItem"]
    assert wire.waits == [HASTE_S, HASTE_S]


def test_after_some_failures_a_dead_server_costs_nothing(silent) -> None:
    store, wire = silent(FakeClock())
    for _ in range(FAILURES):
        with pytest.raises(StateUnavailable):
            store.state.read("ann", KEY, passing(looks=20, step_s=HASTE_S / 10))
    wire.sent.clear()
    with pytest.raises(StateUnavailable, match="not called for some seconds"):
        store.state.read("ann", KEY, store.deadline())
    with pytest.raises(StateUnavailable, match="not called for some seconds"):
        store.record(send(did()))
    store.state.write_cache(KEY, CacheEntry("", b"{}", 2_000_000_000))
    assert wire.sent == []


def test_a_stopped_server_is_unavailable_and_back_without_a_restart(own_dynamodb: DynamoDb, tmp_path: Path) -> None:
    store = dynamodb(own_dynamodb.url, tmp_path, FakeClock())
    # The store's clock is set by hand, so that the breaker's pause is over when the test says so.
    [receipt] = stored(store.record(send(did("heat"), key="a")))
    own_dynamodb.stop()
    for _ in range(FAILURES):
        with pytest.raises(StateUnavailable):
            store.state.record([send(did("up"), key="b")], _short())
    own_dynamodb.start()
    with pytest.raises(StateUnavailable, match="not called for some seconds"):
        store.state.ping(store.deadline())
    store.clock.tick(3)
    assert stored(store.record(send(did("heat"), key="a"))) == [Receipt(receipt.event_id, replayed=True)]
    assert not stored(store.record(send(did("up"), key="b")))[0].replayed
    assert len(store.log_of("ann")) == len(store.profile().seen) == 2
    store.state.close()


def _short() -> Deadline:
    """Enough for some attempts."""
    return passing(looks=10)


def test_a_throttled_write_is_tried_again(store: Store, wire: Wire) -> None:
    wire.fail("TransactWriteItems", THROTTLED, times=3)
    wire.fail("BatchGetItem", "ThrottlingException", times=2)
    stored(store.record(send(did(), key="a")))
    assert wire.operations == ["BatchGetItem"] * 3 + ["TransactWriteItems"] * 4
    assert len({params["ClientRequestToken"] for name, params in wire.sent if name == "TransactWriteItems"}) == 1
    assert len(store.log_of("ann")) == 1


def test_a_storm_of_throttling_is_an_outage_for_the_request_and_not_for_the_next(store: Store, wire: Wire) -> None:
    for operation in ("BatchGetItem", "TransactWriteItems"):
        wire.fail(operation, THROTTLED, times=1_000)
        for _ in range(FAILURES + 1):
            with pytest.raises(StateBusy, match="throttling"):
                store.state.record([send(did(), key="a")], _short())
        wire.heal()
        assert contents(store) == ("", [], True)
    assert not stored(store.record(send(did(), key="a")))[0].replayed


def test_a_cancelled_transaction_is_planned_anew_unless_it_can_never_pass(store: Store, wire: Wire) -> None:
    passing = [{"Code": "None"}, {"Code": "TransactionConflict"}, {"Code": "ThrottlingError"}]
    wire.fail("TransactWriteItems", "TransactionCanceledException", CancellationReasons=passing)
    stored(store.record(send(did())))
    assert wire.operations == ["BatchGetItem", "TransactWriteItems"] * 2
    never = [{"Code": "None"}, {"Code": "ValidationError"}]
    wire.fail("TransactWriteItems", "TransactionCanceledException", CancellationReasons=never)
    with pytest.raises(StateUnavailable):
        store.record(send(did("up")))
    assert len(store.log_of("ann")) == 1


def test_a_condition_that_never_holds_ends_with_the_deadline(store: Store, wire: Wire) -> None:
    reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]
    wire.fail("TransactWriteItems", "TransactionCanceledException", times=1_000, CancellationReasons=reasons)
    with pytest.raises(StateUnavailable, match=r"coming first|no time left"):
        store.state.record([send(did())], _short())
    wire.heal()
    assert contents(store) == ("", [], True)


@pytest.mark.parametrize("key", ["a", None])
def test_a_write_whose_answer_was_lost_is_stored_once_and_is_no_repeat(
    store: Store, wire: Wire, key: str | None
) -> None:
    wire.lose_answer("TransactWriteItems")
    [receipt] = stored(store.record(send(did(), key=key)))
    assert receipt == Receipt(receipt.event_id)
    assert wire.operations == ["BatchGetItem", "TransactWriteItems", "TransactWriteItems"]
    assert [logged.event_id for logged in store.log_of("ann")] == [receipt.event_id]


def test_an_admission_whose_answer_was_lost_never_admits_one_too_many(store: Store, wire: Wire) -> None:
    at = store.clock.now_ms()
    assert store.quota.admit("k1", 3, 10, at).allowed
    wire.lose_answer("UpdateItem")
    assert store.quota.admit("k1", 3, 10, at).allowed
    assert not store.quota.admit("k1", 3, 10, at).allowed


@pytest.mark.parametrize("missing", ["users", "events", "cache"])
def test_a_missing_table_is_named_with_what_to_do(store: Store, wire: Wire, missing: str) -> None:
    name = getattr(wire.tables, missing)
    wire.raw.delete_table(TableName=name)
    with pytest.raises(StateUnavailable, match=f"no table {name}: create it with `marquee tables create`"):
        store.record(send(did(), key="a"))
    with pytest.raises(StateUnavailable, match=name):
        store.state.ping(store.deadline())
    store.state.write_cache(KEY, CacheEntry("", b"{}", store.clock.now_s() + 60))
    rest = {wire.tables.users, wire.tables.events, wire.tables.cache} - {name}
    assert all(wire.raw.scan(TableName=table)["Count"] == 0 for table in rest - {wire.tables.cache})


def test_without_the_events_table_reading_goes_on(store: Store, wire: Wire) -> None:
    store.record(send(did()))
    wire.raw.delete_table(TableName=wire.tables.events)
    assert len(store.profile().seen) == 1


def test_a_damaged_person_is_named_by_hash_and_can_be_erased(store: Store, wire: Wire) -> None:
    store.record(send(did()))
    wire.raw.update_item(
        TableName=wire.tables.users,
        Key={"user_id": {"S": "ann"}},
        UpdateExpression="SET history = :h",
        ExpressionAttributeValues={":h": {"B": b"\x01torn"}},
    )
    for act in (store.profile, lambda: store.record(send(did("up"))), lambda: store.state.export("ann")):
        with pytest.raises(StateUnavailable, match=f"{hash_id('ann'):010x}") as raised:
            act()
        assert "ann " not in str(raised.value)
    assert store.state.erase("ann")
    assert store.profile().revision == ""


def test_a_damaged_answer_is_computed_again(store: Store, wire: Wire) -> None:
    store.state.write_cache(KEY, CacheEntry("", b"{}", store.clock.now_s() + 60))
    wire.raw.update_item(
        TableName=wire.tables.cache,
        Key={"pk": {"S": "rec#ann"}, "sk": {"S": KEY.entry}},
        UpdateExpression="SET payload = :p",
        ExpressionAttributeValues={":p": {"B": b"torn"}},
    )
    assert store.cached(KEY) is None


def test_a_page_of_the_log_that_fails_is_read_again_from_its_place(store: Store, wire: Wire) -> None:
    lines = [line(did(f"film {n}" + "x" * 3_000), f"e{n:04}", f"p{n % 7}") for n in range(900)]
    store.state.seed(lines)
    whole = list(store.state.log())
    assert len(whole) == 900
    pages = wire.operations.count("Scan")
    assert pages > 2
    wire.sent.clear()
    seen = []
    for number, logged in enumerate(store.state.log()):
        if number in (0, 300):
            wire.fail("Scan", THROTTLED)
            wire.fail("Scan", "InternalServerError", status=500)
        seen.append(logged)
    assert seen == whole
    assert wire.operations.count("Scan") == pages + 4


def test_a_log_that_keeps_failing_is_given_up(store: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "PAGE_PATIENCE_S", 0.01)
    wire.fail("Scan", "InternalServerError", times=1_000, status=500)
    with pytest.raises(StateUnavailable, match="failed; send the request again"):
        list(store.state.log())


def test_a_load_that_is_throttled_or_broken_off_can_be_done_again(store: Store, wire: Wire) -> None:
    lines = [line(did(f"film {n}"), f"e{n}", f"p{n % 3}") for n in range(120)]
    wire.fail("BatchWriteItem", "AccessDeniedException", times=2)
    with pytest.raises(StateUnavailable, match="credentials"):
        store.state.seed(lines)
    wire.heal()
    wire.fail("BatchWriteItem", THROTTLED, times=3)
    wire.answer("BatchWriteItem", lambda: {"UnprocessedItems": _first_put(wire)})
    assert store.state.seed(lines) == 3
    assert len(list(store.state.log())) == 120
    assert all(len(store.profile(f"p{n}").seen) == 40 for n in range(3))


def _first_put(wire: Wire) -> dict:
    return next(params for name, params in reversed(wire.sent) if name == "BatchWriteItem")["RequestItems"]


def test_a_closed_store_says_so(store: Store) -> None:
    store.state.close()
    for act in (store.keys.list, lambda: store.quota.admit("k1", 1, 1, 0), lambda: list(store.state.log())):
        with pytest.raises(StateUnavailable, match="closed"):
            act()


def test_no_time_left_is_no_call(store: Store, wire: Wire) -> None:
    with pytest.raises(StateUnavailable, match="no time left"):
        store.state.read("ann", KEY, store.deadline(0))
    assert wire.sent == []


def refused(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetItem")


@pytest.mark.parametrize(
    ("error", "passing", "outage", "words"),
    [
        (refused(THROTTLED), True, False, "throttling"),
        (refused("RequestLimitExceeded"), True, False, "throttling"),
        (refused("TransactionConflictException"), True, False, "busy with other writes"),
        (refused("InternalServerError", 500), True, True, "failed; send the request again"),
        (refused("503", 503), True, True, "failed; send the request again"),
        (refused("AccessDeniedException"), False, True, "access to the tables"),
        (refused("ExpiredTokenException"), False, True, "access to the tables"),
        (refused("ValidationException"), False, False, "refused the call"),
        (ReadTimeoutError(endpoint_url="http://x"), True, True, "did not respond in time"),
        (EndpointConnectionError(endpoint_url="http://x"), True, True, "did not respond in time"),
        (NoCredentialsError(), False, True, "needs credentials"),
    ],
)
def test_what_each_failure_means(error: Exception, passing: bool, outage: bool, words: str) -> None:
    assert (is_transient(error), is_outage(error)) == (passing, outage)
    assert words in advice(error)


def test_a_server_without_a_region_can_not_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(StateUnavailable, match="check AWS_REGION"):
        dynamodb_at(DynamoLocation(new_tables()), SystemClock())


def test_a_client_can_wait_for_the_first_call(monkeypatch: pytest.MonkeyPatch, new_session: None) -> None:
    """For a snapshot, which must hold neither credentials nor a connection."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/creds")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    store = DynamoStore(DynamoLocation(new_tables()), SystemClock(), connect=False)
    assert session()._credentials is None
    with pytest.raises(StateUnavailable, match="check AWS_REGION"):
        store.call("get_item", Deadline.within(store.clock, PATIENCE_S))
    store.close()


def test_callers_are_told_what_to_do_and_the_log_what_was_said(
    store: Store, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """What AWS says can name the account and the role."""
    said = "User: arn:aws:sts::111111111111:assumed-role/Api is not authorized"
    wire.fail("GetItem", "AccessDeniedException", Error={"Code": "AccessDeniedException", "Message": said})
    with pytest.raises(StateUnavailable, match="rejects the credentials") as raised:
        store.keys.get("k1")
    assert "111111111111" not in str(raised.value)
    assert said in caplog.text
