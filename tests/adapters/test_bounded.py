"""Stores that trickle, flood or answer rubbish: bounded by one deadline and one size limit, reported as outages."""

import itertools
import logging
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.adapters.aws import make_client
from services.adapters.bounded import LARGEST_ANSWER, AnswerRefused, Bound, within
from services.adapters.breaker import FAILURES
from services.adapters.bundle.s3.bucket import Bucket
from services.adapters.bundle.s3.bundles import open_bucket
from services.adapters.foreign import translated
from services.adapters.search.opensearch.search import OpenSearchSearch
from services.adapters.search.opensearch.search_client import SearchClient
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.adapters.search.remote_failure import RemoteFailure
from services.adapters.secrets import RotatingSecret
from services.adapters.state.dynamodb.dynamo_client import DynamoLocation
from services.bootstrap import SystemClock
from services.recommender.errors import BundleError, MarqueeError, SecretUnavailable, StateUnavailable, Unavailable
from services.recommender.ports import CacheKey, Deadline
from tests.adapters.state.state_kit import FakeClock, Store, did, dynamodb_at, new_tables, send
from tests.builders import make_bundle
from tests.patience import HASTE_S, PATIENCE_S
from tests.servers.raw import HEAD, answer, raw_server

KEY = CacheKey("ann", "k20#ex0#f1")
DEEP = b'{"Responses":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
RUBBISH = {
    "random": bytes(range(256)) * 4,
    "list": b"[]",
    "number": b"7",
    "null": b"null",
    "cut": b'{"Responses":{"',
    "deep": DEEP,
    "nan": b'{"Responses":NaN}',
    "wrong shapes": b'{"Responses":[1],"Item":3,"Items":{"a":1},"Attributes":"x","responses":[[]],"UnprocessedKeys":5}',
    "wrong items": b'{"Item":{},"Items":[{}],"Attributes":{},"responses":[{"took":"x","hits":0}]}',
    "empty": b"{}",
}
CALLS: dict[str, Callable[[Store[Any], Deadline], object]] = {
    "read": lambda store, deadline: store.state.read("ann", KEY, deadline),
    "export": lambda store, _: store.state.export("ann"),
    "erase": lambda store, _: store.state.erase("ann"),
    "erased": lambda store, _: store.state.erased(),
    "log": lambda store, _: [*store.state.log()],
    "keys": lambda store, _: store.keys.list(),
    "key": lambda store, _: store.keys.get("k"),
    "quota": lambda store, _: store.quota.admit("k", 5, 60, 0),
}


@contextmanager
def store_at(url: str, timeout_s: float = 5.0) -> Iterator[Store[FakeClock]]:
    store = dynamodb_at(DynamoLocation(new_tables(), endpoint=url, timeout_s=timeout_s), FakeClock())
    yield store
    store.state.close()


@pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH.keys())
def test_a_rubbish_answer_of_dynamodb_is_at_worst_an_outage(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.adapters.state.dynamodb.log.PAGE_PATIENCE_S", HASTE_S)
    monkeypatch.setattr("services.adapters.state.dynamodb.state.WAIT_S", HASTE_S)
    with raw_server([answer(body)]) as url:
        for name, act in CALLS.items():
            with store_at(url) as store:
                try:
                    result = act(store, Deadline.within(SystemClock(), HASTE_S))
                except StateUnavailable:
                    continue
                assert not result, (name, result)


@pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH.keys())
def test_feedback_with_a_rubbish_answer_is_not_accepted(body: bytes) -> None:
    with raw_server([answer(body)]) as url, store_at(url) as store:
        try:
            results = store.state.record([send(did())], Deadline.within(SystemClock(), HASTE_S))
        except StateUnavailable:
            return
        assert all(isinstance(result, MarqueeError) for result in results)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.binary(max_size=300))
def test_random_bytes_are_an_outage(body: bytes) -> None:
    with raw_server([answer(body)]) as url:
        with store_at(url) as store, pytest.raises(StateUnavailable):
            store.state.read("ann", KEY, Deadline.within(SystemClock(), PATIENCE_S))
        with pytest.raises(RemoteFailure):
            SearchClient(OpenSearchTarget(url, timeout_s=PATIENCE_S)).msearch(
                "films", "{}", Deadline.within(SystemClock(), PATIENCE_S)
            )


def trickle(head: bytes) -> Iterator[bytes]:
    """A head at once, then a byte at a time, for ever."""
    yield head
    yield from itertools.repeat(b" ")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX-Slow:",
        HEAD + b"Content-Length: 1000000\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1",
    ],
    ids=["headers", "body", "chunks"],
)
def test_a_trickling_answer_is_given_up_at_the_deadline(head: bytes) -> None:
    """Each byte comes well within the read timeout and they never end, so returning at all shows the limit."""
    pieces = [head, *[b" "] * 5_000]
    with raw_server(pieces, pause_s=HASTE_S / 10) as url:
        with store_at(url, HASTE_S) as store, pytest.raises(StateUnavailable, match="did not respond in time"):
            store.state.read("ann", KEY, Deadline.within(SystemClock(), PATIENCE_S))
        with pytest.raises(RemoteFailure, match="timeout"):
            SearchClient(OpenSearchTarget(url, timeout_s=HASTE_S)).mapping(
                "films", Deadline.within(SystemClock(), PATIENCE_S)
            )


@pytest.mark.parametrize("has_length", [True, False])
def test_an_endless_answer_uses_bounded_memory(has_length: bool) -> None:
    size, chunk = 500 << 20, b" " * (1 << 20)
    head = HEAD + (b"Content-Length: %d\r\n\r\n" % size if has_length else b"Connection: close\r\n\r\n")
    with raw_server([head, *itertools.repeat(chunk, 500)]) as url:
        tracemalloc.start()
        with store_at(url, PATIENCE_S) as store, pytest.raises(StateUnavailable):
            store.state.read("ann", KEY, Deadline.within(SystemClock(), HASTE_S))
        with pytest.raises(RemoteFailure, match="too large"):
            SearchClient(OpenSearchTarget(url, timeout_s=PATIENCE_S)).mapping(
                "films", Deadline.within(SystemClock(), PATIENCE_S)
            )
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 * LARGEST_ANSWER


def test_an_oversized_content_length_is_refused() -> None:
    with raw_server([answer(b"{}", length=10**18)]) as url, pytest.raises(RemoteFailure, match="too large"):
        SearchClient(OpenSearchTarget(url, timeout_s=PATIENCE_S)).mapping(
            "films", Deadline.within(SystemClock(), PATIENCE_S)
        )


def test_an_unrequested_compressed_answer_is_refused() -> None:
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
    with raw_server([head]) as url, pytest.raises(RemoteFailure, match="compressed"):
        SearchClient(OpenSearchTarget(url, timeout_s=PATIENCE_S)).mapping(
            "films", Deadline.within(SystemClock(), PATIENCE_S)
        )


@pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH.keys())
def test_a_rubbish_answer_of_a_bucket_is_an_outage_or_a_damaged_pointer(body: bytes) -> None:
    with raw_server([answer(body)]) as url, pytest.raises((Unavailable, BundleError)):
        open_bucket(Bucket("films", endpoint=url)).pointer()


SECRETS = [
    b'{"SecretString":"hush',
    b'{"SecretString":5}',
    b'{"SecretString":["hush"]}',
    b'{"SecretString":null}',
    b"hush",
]


@pytest.mark.parametrize("body", [*RUBBISH.values(), *SECRETS])
def test_an_unreadable_secret_is_an_outage_and_is_not_logged(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with raw_server([answer(body)]) as url:
        client = make_client("secretsmanager", None, Config(retries={"total_max_attempts": 1}), endpoint=url)
        secret = RotatingSecret("arn:pepper", "the pepper", SystemClock(), lambda: client)
        with pytest.raises(SecretUnavailable, match="the pepper cannot be read"):
            secret()
    assert "arn:pepper" in caplog.text
    assert "hush" not in caplog.text


def test_rubbish_answers_open_the_breaker() -> None:
    with raw_server([answer(b"[]")]) as url, store_at(url) as store:
        for _ in range(FAILURES):
            with pytest.raises(StateUnavailable, match="cannot be read"):
                store.state.read("ann", KEY, Deadline.within(SystemClock(), PATIENCE_S))
        with pytest.raises(StateUnavailable, match="not called for some seconds"):
            store.state.read("ann", KEY, Deadline.within(SystemClock(), PATIENCE_S))


def test_time_and_size_limits() -> None:
    bound = Bound(until=float("inf"), room=2)
    bound.count(2)
    with pytest.raises(AnswerRefused):
        bound.count(1)
    with pytest.raises(TimeoutError):
        Bound(until=0.0, room=2).left()
    with within(5.0), within(1.0):
        pass


@pytest.mark.parametrize(
    "error", [KeyError("ann"), RecursionError(), MemoryError(), UnicodeError(), OSError(5, "x"), AssertionError()]
)
def test_every_exception_is_translated_without_personal_data(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    with pytest.raises(StateUnavailable, match="the store cannot be read"), translated(StateUnavailable, "the store"):
        raise error
    assert type(error).__name__ in caplog.text
    assert "'ann'" not in caplog.text


def test_own_and_listed_exceptions_pass() -> None:
    for error in (StateUnavailable("down"), KeyError("k")):
        with pytest.raises(type(error)), translated(StateUnavailable, "the store", KeyError):
            raise error


MAPPINGS = [b'{"films":NaN}', b'{"films":{"mappings":3}}', b'{"films":{"mappings":{"_meta":{"marquee":[]}}}}']


@pytest.mark.parametrize("body", [*RUBBISH.values(), *MAPPINGS])
def test_a_rubbish_mapping_of_an_index_is_a_remote_failure(body: bytes) -> None:
    with raw_server([answer(body)]) as url:
        search = OpenSearchSearch(
            make_bundle(), cast("Any", None), SearchClient(OpenSearchTarget(url, timeout_s=PATIENCE_S)), "films"
        )
        with pytest.raises(RemoteFailure):
            search.check(Deadline.within(SystemClock(), PATIENCE_S))
        search.close()
