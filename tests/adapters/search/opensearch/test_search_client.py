"""The OpenSearch client: deadline, single retry, and short reasons for failures."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.adapters.search.opensearch.connection import connect
from services.adapters.search.opensearch.search_client import SearchClient
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.adapters.search.remote_failure import RemoteFailure
from services.recommender.ports import Clock, Deadline
from tests.adapters.search.opensearch.kit import FakeServer, Reply, fake_server, hits, refusal
from tests.builders import ManualClock
from tests.patience import HASTE_S, PATIENCE_S

# It never advances, so no deadline passes.
CLOCK = ManualClock()
FINE = Reply({"took": 1, "responses": [hits((1.0, 3))]})
BODY = '{}\n{"query":{"match_all":{}}}\n'


@pytest.fixture
def clients() -> Iterator[list[SearchClient]]:
    opened: list[SearchClient] = []
    yield opened
    for client in opened:
        client.close()


@pytest.fixture
def ask(clients):
    """A function that sends one ``_msearch``; ``ask.pauses`` records the pauses between attempts."""

    def send(
        server: FakeServer, seconds: float = PATIENCE_S, timeout_s: float = PATIENCE_S, clock: Clock = CLOCK
    ) -> list:
        clients.append(SearchClient(OpenSearchTarget(server.url, timeout_s=timeout_s), sleep=send.pauses.append))
        return clients[-1].msearch("films-v1", BODY, Deadline.within(clock, seconds))

    send.pauses = []
    return send


def test_one_request_to_the_index_and_its_answers_in_order(ask):
    reply = Reply({"responses": [hits((2.0, 1)), hits((1.0, 9))]})
    with fake_server(reply) as server:
        first, second = ask(server)
        assert server.calls == [("POST", "/films-v1/_msearch", BODY)]
    assert first["hits"]["hits"][0]["sort"] == [2.0, 1]
    assert second["hits"]["hits"][0]["sort"] == [1.0, 9]


def test_it_sends_no_request_that_serverless_lacks(ask):
    with fake_server(FINE) as server:
        ask(server)
        assert [path for _, path, _ in server.calls] == ["/films-v1/_msearch"], "no ping, no info"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_transient_failures_are_retried_once(ask, status):
    with fake_server(Reply(refusal(status, "busy"), status), FINE) as server:
        assert len(ask(server)) == 1
        assert len(server.calls) == 2
    assert len(ask.pauses) == 1


def test_a_dropped_connection_is_reopened(ask):
    with fake_server(Reply(hang_up=True), FINE) as server:
        assert len(ask(server)) == 1


def test_a_rejected_search_among_several_is_retried_once(ask):
    busy = Reply({"responses": [hits((1.0, 1)), refusal(429, "rejected_execution_exception")]})
    with fake_server(busy, FINE) as server:
        assert len(ask(server)) == 1


@pytest.mark.parametrize(
    ("reply", "reason", "calls"),
    [
        (Reply(refusal(429, "busy"), 429), "throttled", 2),
        (Reply(refusal(503, "busy"), 503), "unavailable", 2),
        (Reply(hang_up=True), "unavailable", 2),
        (Reply(refusal(500, "broken"), 500), "unavailable", 1),
        (Reply(refusal(403, "denied"), 403), "not allowed", 1),
        (Reply(refusal(401, "who"), 401), "not allowed", 1),
        (Reply(refusal(404, "index_not_found_exception"), 404), "index missing", 1),
        (Reply(refusal(400, "parsing_exception"), 400), "refused", 1),
        (Reply({"responses": [refusal(404, "index_not_found_exception")]}), "index missing", 1),
        (
            Reply({"responses": [refusal(400, "x", "Query vector has invalid dimension: 3. Dimension should be: 8")]}),
            "wrong dimension",
            1,
        ),
        (Reply({"responses": [hits() | {"timed_out": True}]}), "timeout", 1),
        (Reply({"responses": [hits() | {"_shards": {"failed": 1}}]}), "unavailable", 2),
        (Reply(b"<html>busy</html>", content_type="text/html"), "unreadable answer", 1),
        (Reply(b'{"took":'), "unreadable answer", 1),
        (Reply([1, 2]), "unreadable answer", 1),
        (Reply({"took": 1}), "unreadable answer", 1),
    ],
)
def test_failures_have_a_short_reason(ask, reply, reason, calls):
    with fake_server(reply) as server:
        with pytest.raises(RemoteFailure) as caught:
            ask(server)
        assert len(server.calls) == calls
    assert caught.value.reason == reason
    assert str(caught.value).startswith(reason)


def test_a_timeout_is_not_retried(ask):
    with fake_server(Reply(silent=True)) as server, pytest.raises(RemoteFailure) as caught:
        ask(server, timeout_s=HASTE_S)
    assert caught.value.reason == "timeout"
    assert ask.pauses == []


def test_the_deadline_of_the_request_shortens_the_timeout(ask):
    with fake_server(Reply(silent=True)) as server, pytest.raises(RemoteFailure, match="timeout"):
        ask(server, seconds=HASTE_S)


def test_there_is_no_retry_after_the_deadline(ask):
    clock = ManualClock()
    with fake_server(Reply(refusal(503, "busy"), 503, meanwhile=lambda: clock.advance(PATIENCE_S)), FINE) as server:
        with pytest.raises(RemoteFailure, match="unavailable"):
            ask(server, clock=clock)
        assert len(server.calls) == 1
    assert ask.pauses == []


def test_after_the_deadline_no_call_is_made(ask):
    with fake_server(FINE) as server:
        with pytest.raises(RemoteFailure, match="late"):
            ask(server, seconds=0)
        assert server.calls == []


def test_a_refused_connection_is_unavailable(ask):
    with fake_server(FINE) as server:
        pass
    with pytest.raises(RemoteFailure, match="unavailable"):
        ask(server)


def test_the_mapping_of_an_index(clients):
    with fake_server(Reply({"films-v1": {"mappings": {"_meta": {}}}})) as server:
        clients.append(SearchClient(OpenSearchTarget(server.url, timeout_s=PATIENCE_S)))
        mapping = clients[0].mapping("films-v1", Deadline.within(CLOCK, PATIENCE_S))
        assert server.calls == [("GET", "/films-v1/_mapping", "")]
    assert mapping == {"mappings": {"_meta": {}}}


def test_many_threads_share_one_client(clients):
    with fake_server(FINE) as server:
        clients.append(SearchClient(OpenSearchTarget(server.url, timeout_s=PATIENCE_S)))
        deadline = Deadline.within(CLOCK, PATIENCE_S)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: clients[0].msearch("films-v1", BODY, deadline), range(40)))
    assert len(answers) == len(server.calls) == 40


def test_a_closed_client_reopens_on_the_next_call(clients, ask):
    with fake_server(FINE) as server:
        ask(server)
        clients[0].close()
        clients[0].close()
        assert clients[0].msearch("films-v1", BODY, Deadline.within(CLOCK, PATIENCE_S))


def test_requests_are_signed_for_serverless(monkeypatch):
    """The headers that the service requires; only the service itself can check the signature."""
    for name, value in (("ACCESS_KEY_ID", "key-of-tests"), ("SECRET_ACCESS_KEY", "secret-of-tests")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with fake_server(FINE) as server:
        client = connect(OpenSearchTarget(server.url, auth="aoss", aws_region="eu-west-1"), PATIENCE_S)
        client.msearch(index="films-v1", body=BODY)
        client.close()
    headers = server.headers[0]
    assert "/eu-west-1/aoss/aws4_request" in headers["authorization"]
    assert "x-amz-content-sha256" in headers
    assert "secret-of-tests" not in json.dumps(headers)


def test_a_local_server_gets_no_signature(ask):
    with fake_server(FINE) as server:
        ask(server)
    assert "authorization" not in server.headers[0]
