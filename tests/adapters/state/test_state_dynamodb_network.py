"""DynamoDB behind a network that delays, drops and answers in its place."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dynamodb_kit import Wire
from state_kit import FakeClock, Store, SystemClock, did, dynamodb, dynamodb_at, send, stored

from services.adapters.breaker import FAILURES, FIRST_PAUSE_S
from services.adapters.state.dynamodb.client import Connection
from services.recommender.errors import StateUnavailable
from services.recommender.ports import CacheEntry, CacheKey, Deadline, Receipt
from tests.servers.proxy import Proxy

KEY = CacheKey("rec#ann", "k20#ex0#f1")
TIMEOUT_S = 0.2
SLACK_S = 0.5


@pytest.fixture
def proxy(dynamodb_url: str) -> Iterator[Proxy]:
    with Proxy(dynamodb_url) as made:
        yield made


@pytest.fixture
def direct(dynamodb_url: str, tmp_path: Path) -> Iterator[Store]:
    made = dynamodb(dynamodb_url, tmp_path, FakeClock())
    yield made
    made.state.close()


@pytest.fixture
def store(direct: Store, proxy: Proxy) -> Iterator[Store]:
    """The same tables through the proxy; the clock of the breaker and of expiry is set by hand."""
    tables = direct.state._store.tables
    made = dynamodb_at(Connection(tables, endpoint=proxy.url, timeout_s=TIMEOUT_S), FakeClock())
    yield made
    made.state.close()


def soon(seconds: float) -> Deadline:
    return Deadline.within(SystemClock(), seconds)


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("body", [b"{}", b"<html>no</html>", b""], ids=["json", "html", "nothing"])
def test_a_gateway_s_error_is_tried_again(store: Store, proxy: Proxy, status: int, body: bytes) -> None:
    proxy.answer(status, body, times=2)
    stored(store.record(send(did(), key="a")))
    assert len(store.profile().seen) == len(store.log_of("ann")) == 1


def test_an_answer_that_is_none_is_an_outage(store: Store, proxy: Proxy) -> None:
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


def test_a_slow_server_costs_a_read_two_attempts(store: Store, proxy: Proxy) -> None:
    proxy.delay(2.0)
    began = time.monotonic()
    with pytest.raises(StateUnavailable, match="did not answer in time"):
        store.state.read("ann", KEY, soon(30))
    assert time.monotonic() - began < 2 * TIMEOUT_S + SLACK_S
    proxy.forward()
    assert store.profile().revision == ""


def test_feedback_to_a_slow_server_is_whole_or_not_there_and_can_be_sent_again(
    store: Store, direct: Store, proxy: Proxy
) -> None:
    stored(store.record(send(did("heat"))))
    wire = Wire(store)
    # The write arrives, and its answer comes too late, as often as it is sent.
    wire.before("TransactWriteItems", lambda: proxy.delay(2.0))
    with pytest.raises(StateUnavailable):
        store.state.record([send(did("up"), key="a")], soon(0.5))
    proxy.forward()
    [logged] = [each for each in direct.log_of("ann") if each.event.item_id == "up"]
    assert len(direct.profile().seen) == 2
    assert stored(store.record(send(did("up"), key="a"))) == [Receipt(logged.event_id, replayed=True)]
    wire.close()


def test_a_dropped_connection_is_made_anew(store: Store, proxy: Proxy) -> None:
    stored(store.record(send(did("heat"))))
    wire = Wire(store)
    proxy.drop()
    with pytest.raises(StateUnavailable):
        store.state.record([send(did("up"))], soon(0.3))
    proxy.forward()
    stored(store.record(send(did("up"))))
    assert len(store.log_of("ann")) == 2
    wire.close()


def test_once_it_is_well_again_the_first_call_after_the_pause_finds_out(store: Store, proxy: Proxy) -> None:
    proxy.answer(503)
    for _ in range(FAILURES):
        with pytest.raises(StateUnavailable):
            store.state.read("ann", KEY, soon(0.1))
    asked = proxy.requests
    store.state.write_cache(KEY, CacheEntry("", b"{}", store.clock.now_s() + 60), "ann")
    with pytest.raises(StateUnavailable, match="left alone"):
        store.quota.admit("k1", 5, 60, 0)
    assert proxy.requests == asked
    proxy.forward()
    store.clock.tick(FIRST_PAUSE_S + 1)
    assert store.quota.admit("k1", 5, 60, 0).allowed
    stored(store.record(send(did())))
