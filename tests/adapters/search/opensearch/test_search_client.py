"""One call: its deadline, its one retry, and a few plain words for whatever goes wrong."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.adapters.search.opensearch.connection import connect
from services.adapters.search.opensearch.search_client import SearchClient
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.adapters.search.remote_failure import RemoteFailure
from services.recommender.ports import Clock, Deadline
from tests.adapters.search.opensearch.kit import Said, StandIn, hits, refusal, stand_in
from tests.builders import ManualClock
from tests.patience import HASTE_S, PATIENCE_S

# Stands still: what is left of a deadline is what it was.
CLOCK = ManualClock()
FINE = Said({"took": 1, "responses": [hits((1.0, 3))]})
BODY = '{}\n{"query":{"match_all":{}}}\n'


@pytest.fixture
def clients() -> Iterator[list[SearchClient]]:
    opened: list[SearchClient] = []
    yield opened
    for client in opened:
        client.close()


@pytest.fixture
def ask(clients):
    """One ``_msearch``; how long the client slept between two tries is in ``ask.pauses``."""

    def asking(
        server: StandIn, seconds: float = PATIENCE_S, timeout_s: float = PATIENCE_S, clock: Clock = CLOCK
    ) -> list:
        clients.append(SearchClient(OpenSearchTarget(server.url, timeout_s=timeout_s), sleep=asking.pauses.append))
        return clients[-1].msearch("films-v1", BODY, Deadline.within(clock, seconds))

    asking.pauses = []
    return asking


def test_one_request_to_the_index_and_its_answers_in_order(ask):
    said = Said({"responses": [hits((2.0, 1)), hits((1.0, 9))]})
    with stand_in(said) as server:
        first, second = ask(server)
        assert server.asked == [("POST", "/films-v1/_msearch", BODY)]
    assert first["hits"]["hits"][0]["sort"] == [2.0, 1]
    assert second["hits"]["hits"][0]["sort"] == [1.0, 9]


def test_it_never_asks_for_what_serverless_does_not_have(ask):
    with stand_in(FINE) as server:
        ask(server)
        assert [path for _, path, _ in server.asked] == ["/films-v1/_msearch"], "no ping, no info"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_a_moment_may_mend_is_tried_once_more(ask, status):
    with stand_in(Said(refusal(status, "busy"), status), FINE) as server:
        assert len(ask(server)) == 1
        assert len(server.asked) == 2
    assert len(ask.pauses) == 1


def test_a_connection_that_was_given_up_is_opened_again(ask):
    with stand_in(Said(hang_up=True), FINE) as server:
        assert len(ask(server)) == 1


def test_one_search_of_several_that_was_refused_is_tried_once_more(ask):
    busy = Said({"responses": [hits((1.0, 1)), refusal(429, "rejected_execution_exception")]})
    with stand_in(busy, FINE) as server:
        assert len(ask(server)) == 1


@pytest.mark.parametrize(
    ("said", "reason", "calls"),
    [
        (Said(refusal(429, "busy"), 429), "throttled", 2),
        (Said(refusal(503, "busy"), 503), "unavailable", 2),
        (Said(hang_up=True), "unavailable", 2),
        (Said(refusal(500, "broken"), 500), "unavailable", 1),
        (Said(refusal(403, "denied"), 403), "not allowed", 1),
        (Said(refusal(401, "who"), 401), "not allowed", 1),
        (Said(refusal(404, "index_not_found_exception"), 404), "index missing", 1),
        (Said(refusal(400, "parsing_exception"), 400), "refused", 1),
        (Said({"responses": [refusal(404, "index_not_found_exception")]}), "index missing", 1),
        (
            Said({"responses": [refusal(400, "x", "Query vector has invalid dimension: 3. Dimension should be: 8")]}),
            "wrong dimension",
            1,
        ),
        (Said({"responses": [hits() | {"timed_out": True}]}), "timeout", 1),
        (Said({"responses": [hits() | {"_shards": {"failed": 1}}]}), "unavailable", 2),
        (Said(b"<html>busy</html>", content_type="text/html"), "unreadable answer", 1),
        (Said(b'{"took":'), "unreadable answer", 1),
        (Said([1, 2]), "unreadable answer", 1),
        (Said({"took": 1}), "unreadable answer", 1),
    ],
)
def test_failures_have_a_short_reason(ask, said, reason, calls):
    with stand_in(said) as server:
        with pytest.raises(RemoteFailure) as caught:
            ask(server)
        assert len(server.asked) == calls
    assert caught.value.reason == reason
    assert str(caught.value).startswith(reason)


def test_a_late_answer_is_a_timeout_and_not_asked_for_again(ask):
    with stand_in(Said(silent=True)) as server, pytest.raises(RemoteFailure) as caught:
        ask(server, timeout_s=HASTE_S)
    assert caught.value.reason == "timeout"
    assert ask.pauses == []


def test_what_is_left_of_the_request_counts_if_it_is_less(ask):
    with stand_in(Said(silent=True)) as server, pytest.raises(RemoteFailure, match="timeout"):
        ask(server, seconds=HASTE_S)


def test_no_time_is_left_for_a_second_try(ask):
    clock = ManualClock()
    with stand_in(Said(refusal(503, "busy"), 503, meanwhile=lambda: clock.advance(PATIENCE_S)), FINE) as server:
        with pytest.raises(RemoteFailure, match="unavailable"):
            ask(server, clock=clock)
        assert len(server.asked) == 1
    assert ask.pauses == []


def test_a_request_that_is_over_is_no_call(ask):
    with stand_in(FINE) as server:
        with pytest.raises(RemoteFailure, match="late"):
            ask(server, seconds=0)
        assert server.asked == []


def test_nobody_listens(ask):
    with stand_in(FINE) as server:
        pass
    with pytest.raises(RemoteFailure, match="unavailable"):
        ask(server)


def test_the_mapping_of_an_index(clients):
    with stand_in(Said({"films-v1": {"mappings": {"_meta": {}}}})) as server:
        clients.append(SearchClient(OpenSearchTarget(server.url, timeout_s=PATIENCE_S)))
        found = clients[0].mapping("films-v1", Deadline.within(CLOCK, PATIENCE_S))
        assert server.asked == [("GET", "/films-v1/_mapping", "")]
    assert found == {"mappings": {"_meta": {}}}


def test_many_threads_share_one_client(clients):
    with stand_in(FINE) as server:
        clients.append(SearchClient(OpenSearchTarget(server.url, timeout_s=PATIENCE_S)))
        deadline = Deadline.within(CLOCK, PATIENCE_S)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: clients[0].msearch("films-v1", BODY, deadline), range(40)))
    assert len(found) == len(server.asked) == 40


def test_a_closed_client_opens_again_when_it_is_asked(clients, ask):
    with stand_in(FINE) as server:
        ask(server)
        clients[0].close()
        clients[0].close()
        assert clients[0].msearch("films-v1", BODY, Deadline.within(CLOCK, PATIENCE_S))


def test_requests_are_signed_for_serverless(monkeypatch):
    """The headers that the service asks for; it checks the signature itself."""
    for name, value in (("ACCESS_KEY_ID", "key-of-tests"), ("SECRET_ACCESS_KEY", "secret-of-tests")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with stand_in(FINE) as server:
        client = connect(OpenSearchTarget(server.url, auth="aoss", aws_region="eu-west-1"), PATIENCE_S)
        client.msearch(index="films-v1", body=BODY)
        client.close()
    headers = server.headers[0]
    assert "/eu-west-1/aoss/aws4_request" in headers["authorization"]
    assert "x-amz-content-sha256" in headers
    assert "secret-of-tests" not in json.dumps(headers)


def test_a_local_server_gets_no_signature(ask):
    with stand_in(FINE) as server:
        ask(server)
    assert "authorization" not in server.headers[0]
