"""DynamoDB behind a proxy that delays, drops and answers in its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.adapters.breaker import FAILURES, FIRST_PAUSE_S
from services.adapters.state.dynamodb.dynamo_client import DynamoLocation
from services.bootstrap import SystemClock
from services.recommender.errors import StateUnavailable
from services.recommender.ports import CacheEntry, CacheKey, Deadline, LoggedEvent, Receipt
from tests.adapters.state.dynamodb_kit import Wire
from tests.adapters.state.state_kit import (
    FakeClock,
    Store,
    did,
    dynamodb,
    dynamodb_at,
    passing,
    send,
    stored,
)
from tests.patience import HASTE_S, PATIENCE_S, eventually
from tests.servers.proxy import Proxy

KEY = CacheKey("ann", "k20#ex0#f1")
# Clock readings for several attempts.
LOOKS = 10


@pytest.fixture
def proxy(dynamodb_url: str) -> Iterator[Proxy]:
    with Proxy(dynamodb_url) as started:
        yield started


@pytest.fixture
def direct(dynamodb_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = dynamodb(dynamodb_url, tmp_path, FakeClock())
    yield opened
    opened.state.close()


@pytest.fixture
def store(direct: Store, proxy: Proxy) -> Iterator[Store]:
    """The same tables through the proxy; the test sets the clock of the breaker and of expiry."""
    opened = behind(proxy, direct, PATIENCE_S)
    yield opened
    opened.state.close()


def behind(proxy: Proxy, direct: Store, timeout_s: float) -> Store:
    return dynamodb_at(DynamoLocation(direct.tables.tables, endpoint=proxy.url, timeout_s=timeout_s), FakeClock())


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("body", [b"{}", b"<html>no</html>", b""], ids=["json", "html", "nothing"])
def test_a_gateway_error_is_retried(store: Store, proxy: Proxy, status: int, body: bytes) -> None:
    proxy.answer(status, body, times=2)
    stored(store.record(send(did(), key="a")))
    assert len(store.profile().seen) == len(store.log_of("ann")) == 1


def test_an_answer_of_another_server_is_an_outage(store: Store, proxy: Proxy) -> None:
    for body in (b"<html>log in first</html>", b"{}"):
        proxy.answer(200, body, times=1)
        with pytest.raises(StateUnavailable, match="not DynamoDB's"):
            store.state.read("ann", KEY, store.deadline())
    wire = Wire(store)
    wire.before("TransactWriteItems", lambda: proxy.answer(200, b"{}", times=1))
    with pytest.raises(StateUnavailable, match="not DynamoDB's"):
        store.record(send(did()))
    assert store.profile().revision == ""
    wire.close()


def test_a_read_from_a_slow_server_makes_two_attempts(store: Store, direct: Store, proxy: Proxy) -> None:
    hasty = behind(proxy, direct, HASTE_S)
    wire = Wire(hasty)
    proxy.delay()
    with pytest.raises(StateUnavailable, match="did not respond in time"):
        hasty.state.read("ann", KEY, Deadline.within(SystemClock(), PATIENCE_S))
    assert len(wire.waits) >= 1
    assert sum(wire.waits) < 3 * HASTE_S
    proxy.forward()
    assert store.profile().revision == ""
    wire.close()
    hasty.state.close()


def test_feedback_to_a_slow_server_is_atomic_and_can_be_sent_again(store: Store, direct: Store, proxy: Proxy) -> None:
    stored(store.record(send(did("heat"))))
    wire, deadline = Wire(store), store.deadline()

    def late() -> None:
        """Let the write arrive, and delay its answer past the deadline at every attempt."""
        proxy.delay()
        store.clock.tick(PATIENCE_S - HASTE_S)

    wire.after("BatchGetItem", late)
    with pytest.raises(StateUnavailable):
        store.state.record([send(did("up"), key="a")], deadline)
    proxy.forward()
    [logged] = eventually(lambda: events_of(direct, "up"), bool, "the write to arrive")
    assert len(direct.profile().seen) == 2
    again = behind(proxy, direct, PATIENCE_S)
    assert stored(again.record(send(did("up"), key="a"))) == [Receipt(logged.event_id, replayed=True)]
    again.state.close()
    wire.close()


def events_of(store: Store, film: str) -> list[LoggedEvent]:
    return [logged for logged in store.log_of("ann") if logged.event.item_id == film]


def test_a_dropped_connection_is_reopened(store: Store, proxy: Proxy) -> None:
    stored(store.record(send(did("heat"))))
    wire = Wire(store)
    proxy.drop()
    with pytest.raises(StateUnavailable):
        store.state.record([send(did("up"))], passing(LOOKS))
    proxy.forward()
    stored(store.record(send(did("up"))))
    assert len(store.log_of("ann")) == 2
    wire.close()


def test_after_the_pause_of_the_breaker_a_recovered_server_is_used_again(store: Store, proxy: Proxy) -> None:
    proxy.answer(503)
    for _ in range(FAILURES):
        with pytest.raises(StateUnavailable):
            store.state.read("ann", KEY, passing(LOOKS))
    requests = proxy.requests
    store.state.write_cache(KEY, CacheEntry("", b"{}", store.clock.now_s() + 60))
    with pytest.raises(StateUnavailable, match="not called for some seconds"):
        store.quota.admit("k1", 5, 60, 0)
    assert proxy.requests == requests
    proxy.forward()
    store.clock.tick(FIRST_PAUSE_S + 1)
    assert store.quota.admit("k1", 5, 60, 0).allowed
    stored(store.record(send(did())))
