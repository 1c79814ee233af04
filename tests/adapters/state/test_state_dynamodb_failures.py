"""DynamoDB stopped, slow, throttled, without a table or credentials: StateUnavailable in time, no partial writes."""

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
from services.recommender.domain.catalogue import hash_id
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
    logged,
    new_tables,
    passing,
    send,
    stored,
)
from tests.patience import HASTE_S, PATIENCE_S
from tests.servers.dynamodb import DynamoDb

KEY = CacheKey("ann", "k20#ex0#f1")
THROTTLED = "ProvisionedThroughputExceededException"
# The timeout of an attempt when no time is left.
SHORTEST_S = 0.002


@pytest.fixture
def make(dynamodb_url: str) -> Make:
    return partial(dynamodb, dynamodb_url)


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The URL of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def silent(black_hole: str) -> Iterator[Callable[..., tuple[Store, Wire]]]:
    """A factory for stores on that server. A call that returns has given the server up; ``Wire.waits`` holds the
    timeouts of its attempts.
    """
    opened: list[tuple[Store, Wire]] = []

    def make(clock: Clock, timeout_s: float = HASTE_S) -> tuple[Store, Wire]:
        store = dynamodb_at(DynamoLocation(new_tables(), endpoint=black_hole, timeout_s=timeout_s), clock)
        opened.append((store, Wire(store)))
        return opened[-1]

    yield make
    for store, wire in opened:
        wire.close()
        store.state.close()


def contents(store: Store) -> tuple:
    return (store.revision("ann"), list(store.state.log()), store.state.export("ann") is None)


def test_a_silent_server_is_given_up_at_the_deadline(silent) -> None:
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


def test_a_read_makes_two_attempts_within_the_deadline(silent) -> None:
    store, wire = silent(FakeClock())
    with pytest.raises(StateUnavailable, match="did not respond in time"):
        store.state.read("ann", KEY, Deadline.within(SystemClock(), PATIENCE_S))
    assert sum(wire.waits) <= 2 * HASTE_S + SHORTEST_S


def test_the_quota_has_a_short_time_limit(silent, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_breaker_opens_after_repeated_failures(silent) -> None:
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


def test_a_stopped_server_is_unavailable_and_used_again_after_its_restart(
    own_dynamodb: DynamoDb, tmp_path: Path
) -> None:
    store = dynamodb(own_dynamodb.url, tmp_path, FakeClock())
    # The test advances the store's clock, and so decides when the breaker's pause is over.
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
    """A deadline with time for several attempts."""
    return passing(looks=10)


def test_a_throttled_write_is_retried(store: Store, wire: Wire) -> None:
    wire.fail("TransactWriteItems", THROTTLED, times=3)
    wire.fail("BatchGetItem", "ThrottlingException", times=2)
    stored(store.record(send(did(), key="a")))
    assert wire.operations == ["BatchGetItem"] * 3 + ["TransactWriteItems"] * 4
    assert len({params["ClientRequestToken"] for name, params in wire.sent if name == "TransactWriteItems"}) == 1
    assert len(store.log_of("ann")) == 1


def test_throttling_fails_the_request_but_does_not_open_the_breaker(store: Store, wire: Wire) -> None:
    for operation in ("BatchGetItem", "TransactWriteItems"):
        wire.fail(operation, THROTTLED, times=1_000)
        for _ in range(FAILURES + 1):
            with pytest.raises(StateBusy, match="throttling"):
                store.state.record([send(did(), key="a")], _short())
        wire.heal()
        assert contents(store) == ("", [], True)
    assert not stored(store.record(send(did(), key="a")))[0].replayed


def test_a_cancelled_transaction_is_retried_unless_it_is_invalid(store: Store, wire: Wire) -> None:
    passing = [{"Code": "None"}, {"Code": "TransactionConflict"}, {"Code": "ThrottlingError"}]
    wire.fail("TransactWriteItems", "TransactionCanceledException", CancellationReasons=passing)
    stored(store.record(send(did())))
    assert wire.operations == ["BatchGetItem", "TransactWriteItems"] * 2
    never = [{"Code": "None"}, {"Code": "ValidationError"}]
    wire.fail("TransactWriteItems", "TransactionCanceledException", CancellationReasons=never)
    with pytest.raises(StateUnavailable):
        store.record(send(did("up")))
    assert len(store.log_of("ann")) == 1


def test_a_condition_that_never_holds_fails_at_the_deadline(store: Store, wire: Wire) -> None:
    reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]
    wire.fail("TransactWriteItems", "TransactionCanceledException", times=1_000, CancellationReasons=reasons)
    with pytest.raises(StateUnavailable, match=r"coming first|no time left"):
        store.state.record([send(did())], _short())
    wire.heal()
    assert contents(store) == ("", [], True)


@pytest.mark.parametrize("key", ["a", None])
def test_a_write_whose_answer_was_lost_is_stored_once_and_is_no_duplicate(
    store: Store, wire: Wire, key: str | None
) -> None:
    wire.lose_answer("TransactWriteItems")
    [receipt] = stored(store.record(send(did(), key=key)))
    assert receipt == Receipt(receipt.event_id)
    assert wire.operations == ["BatchGetItem", "TransactWriteItems", "TransactWriteItems"]
    assert [logged.event_id for logged in store.log_of("ann")] == [receipt.event_id]


def test_an_admission_whose_answer_was_lost_never_exceeds_the_limit(store: Store, wire: Wire) -> None:
    at = store.clock.now_ms()
    assert store.quota.admit("k1", 3, 10, at).allowed
    wire.lose_answer("UpdateItem")
    assert store.quota.admit("k1", 3, 10, at).allowed
    assert not store.quota.admit("k1", 3, 10, at).allowed


@pytest.mark.parametrize("missing", ["users", "events", "cache"])
def test_a_missing_table_is_named_with_the_remedy(store: Store, wire: Wire, missing: str) -> None:
    name = getattr(wire.tables, missing)
    wire.raw.delete_table(TableName=name)
    with pytest.raises(StateUnavailable, match=f"no table {name}: create it with `marquee tables create`"):
        store.record(send(did(), key="a"))
    with pytest.raises(StateUnavailable, match=name):
        store.state.ping(store.deadline())
    store.state.write_cache(KEY, CacheEntry("", b"{}", store.clock.now_s() + 60))
    rest = {wire.tables.users, wire.tables.events, wire.tables.cache} - {name}
    assert all(wire.raw.scan(TableName=table)["Count"] == 0 for table in rest - {wire.tables.cache})


def test_profiles_can_be_read_without_the_events_table(store: Store, wire: Wire) -> None:
    store.record(send(did()))
    wire.raw.delete_table(TableName=wire.tables.events)
    assert len(store.profile().seen) == 1


def test_a_damaged_profile_is_named_by_hash_and_can_be_erased(store: Store, wire: Wire) -> None:
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


def test_a_damaged_cached_answer_is_ignored(store: Store, wire: Wire) -> None:
    store.state.write_cache(KEY, CacheEntry("", b"{}", store.clock.now_s() + 60))
    wire.raw.update_item(
        TableName=wire.tables.cache,
        Key={"pk": {"S": "rec#ann"}, "sk": {"S": KEY.entry}},
        UpdateExpression="SET payload = :p",
        ExpressionAttributeValues={":p": {"B": b"torn"}},
    )
    assert store.cached(KEY) is None


def test_a_failed_page_of_the_log_is_read_again(store: Store, wire: Wire) -> None:
    log = [logged(did(f"film {n}" + "x" * 3_000), f"e{n:04}", f"p{n % 7}") for n in range(900)]
    store.state.seed(log)
    whole = list(store.state.log())
    assert len(whole) == 900
    pages = wire.operations.count("Scan")
    assert pages > 2
    wire.sent.clear()
    logged_events = []
    for number, logged_event in enumerate(store.state.log()):
        if number in (0, 300):
            wire.fail("Scan", THROTTLED)
            wire.fail("Scan", "InternalServerError", status=500)
        logged_events.append(logged_event)
    assert logged_events == whole
    assert wire.operations.count("Scan") == pages + 4


def test_a_log_that_keeps_failing_is_an_error(store: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "PAGE_PATIENCE_S", 0.01)
    wire.fail("Scan", "InternalServerError", times=1_000, status=500)
    with pytest.raises(StateUnavailable, match="failed; send the request again"):
        list(store.state.log())


def test_a_throttled_or_interrupted_load_can_be_repeated(store: Store, wire: Wire) -> None:
    log = [logged(did(f"film {n}"), f"e{n}", f"p{n % 3}") for n in range(120)]
    wire.fail("BatchWriteItem", "AccessDeniedException", times=2)
    with pytest.raises(StateUnavailable, match="credentials"):
        store.state.seed(log)
    wire.heal()
    wire.fail("BatchWriteItem", THROTTLED, times=3)
    wire.answer("BatchWriteItem", lambda: {"UnprocessedItems": _first_put(wire)})
    assert store.state.seed(log) == 3
    assert len(list(store.state.log())) == 120
    assert all(len(store.profile(f"p{n}").seen) == 40 for n in range(3))


def _first_put(wire: Wire) -> dict:
    return next(params for name, params in reversed(wire.sent) if name == "BatchWriteItem")["RequestItems"]


def test_a_closed_store_is_unavailable(store: Store) -> None:
    store.state.close()
    for act in (store.keys.list, lambda: store.quota.admit("k1", 1, 1, 0), lambda: list(store.state.log())):
        with pytest.raises(StateUnavailable, match="closed"):
            act()


def test_with_no_time_left_no_call_is_made(store: Store, wire: Wire) -> None:
    with pytest.raises(StateUnavailable, match="no time left"):
        store.state.read("ann", KEY, store.deadline(0))
    assert wire.sent == []


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetItem")


@pytest.mark.parametrize(
    ("error", "transient", "outage", "message"),
    [
        (client_error(THROTTLED), True, False, "throttling"),
        (client_error("RequestLimitExceeded"), True, False, "throttling"),
        (client_error("TransactionConflictException"), True, False, "busy with other writes"),
        (client_error("InternalServerError", 500), True, True, "failed; send the request again"),
        (client_error("503", 503), True, True, "failed; send the request again"),
        (client_error("AccessDeniedException"), False, True, "access to the tables"),
        (client_error("ExpiredTokenException"), False, True, "access to the tables"),
        (client_error("ValidationException"), False, False, "refused the call"),
        (ReadTimeoutError(endpoint_url="http://x"), True, True, "did not respond in time"),
        (EndpointConnectionError(endpoint_url="http://x"), True, True, "did not respond in time"),
        (NoCredentialsError(), False, True, "needs credentials"),
    ],
)
def test_failures_are_classified(error: Exception, transient: bool, outage: bool, message: str) -> None:
    assert (is_transient(error), is_outage(error)) == (transient, outage)
    assert message in advice(error)


def test_a_missing_region_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(StateUnavailable, match="check AWS_REGION"):
        dynamodb_at(DynamoLocation(new_tables()), SystemClock())


def test_the_client_can_be_created_at_the_first_call(monkeypatch: pytest.MonkeyPatch, new_session: None) -> None:
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


def test_the_error_names_the_remedy_and_the_log_the_message_of_aws(
    store: Store, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages of AWS can name the account and the role."""
    message = "User: arn:aws:sts::111111111111:assumed-role/Api is not authorized"
    wire.fail("GetItem", "AccessDeniedException", Error={"Code": "AccessDeniedException", "Message": message})
    with pytest.raises(StateUnavailable, match="rejects the credentials") as raised:
        store.keys.get("k1")
    assert "111111111111" not in str(raised.value)
    assert message in caplog.text
