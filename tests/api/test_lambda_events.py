"""Lambda events: which are accepted, how they are translated, and how others are refused."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mangum import Mangum
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from services.api.app.lambda_events import NoRequest, http_event, is_warm_up, reply_to
from services.recommender.errors import InvalidRequest

pytestmark = pytest.mark.usefixtures("loop_of_mangum")

HTTP: dict[str, Any] = {
    "version": "2.0",
    "rawPath": "/version",
    "headers": {"host": "example.org"},
    "requestContext": {"http": {"method": "GET", "path": "/version"}},
}
REST: dict[str, Any] = {
    "resource": "/{proxy+}",
    "httpMethod": "POST",
    "path": "/recommend",
    "headers": {"Host": "abc.execute-api.eu-west-1.amazonaws.com", "X-Api-Key": "key"},
    "multiValueHeaders": {"Host": ["abc.execute-api.eu-west-1.amazonaws.com"], "X-Api-Key": ["key"]},
    "queryStringParameters": {"q": "a b"},
    "multiValueQueryStringParameters": {"q": ["a b", "c&d"]},
    "requestContext": {"identity": {"sourceIp": "192.0.2.1"}, "requestId": "r1", "stage": "prod"},
    "body": "{}",
    "isBase64Encoded": False,
}
BALANCER: dict[str, Any] = {
    "requestContext": {
        "elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/t/1"}
    },
    "httpMethod": "GET",
    "path": "/films",
    "queryStringParameters": {"prefix": "the%20god", "limit": "5"},
    "headers": {"host": "balancer.example", "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443"},
    "body": "",
    "isBase64Encoded": False,
}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application that answers with the request it received."""
    request = Request(scope, receive)
    received = {
        "method": request.method,
        "path": request.url.path,
        "query": sorted(request.query_params.multi_items()),
        "key": request.headers.get("x-api-key"),
        "body": (await request.body()).decode("latin-1"),
    }
    await JSONResponse(received)(scope, receive, send)


def answer_to(event: dict[str, Any]) -> dict[str, Any]:
    return reply_to(event, Mangum(echo, lifespan="off")(http_event(event), None))


def test_an_event_of_an_http_api_is_accepted() -> None:
    translated = http_event({**HTTP, "body": "{}", "isBase64Encoded": False})
    assert translated["body"] == "{}"
    assert translated["headers"] == HTTP["headers"]
    assert answer_to(HTTP)["statusCode"] == 200


def test_an_event_of_a_rest_api_is_answered_in_its_format() -> None:
    answer = answer_to(REST)
    assert set(answer) == {"statusCode", "headers", "body", "isBase64Encoded"}
    assert answer["body"] == (
        '{"method":"POST","path":"/recommend","query":[["q","a b"],["q","c&d"]],"key":"key","body":"{}"}'
    )
    assert http_event(REST)["requestContext"]["requestId"] == "r1"


def test_an_event_of_a_load_balancer_is_answered_in_its_format() -> None:
    answer = answer_to(BALANCER)
    assert '"query":[["limit","5"],["prefix","the god"]]' in answer["body"]
    assert answer["headers"]["content-type"] == "application/json"
    lists = {name: [value] for name, value in BALANCER["headers"].items()}
    with_lists = {name: value for name, value in BALANCER.items() if name != "headers"} | {"multiValueHeaders": lists}
    assert answer_to(with_lists)["multiValueHeaders"]["content-type"] == ["application/json"]
    assert "headers" not in answer_to(with_lists)


def test_payload_format_1_of_an_http_api_is_accepted() -> None:
    assert answer_to({**REST, "version": "1.0"})["statusCode"] == 200


def test_repeated_headers_are_joined() -> None:
    twice = {**REST, "multiValueHeaders": {"X-Origin-Verify": ["right", "wrong"]}}
    assert http_event(twice)["headers"] == {"x-origin-verify": "right, wrong"}


@pytest.mark.parametrize(
    "change",
    [
        {"rawQueryString": None},
        {"headers": None},
        {"headers": ["host"]},
        {"headers": {"host": None, "a": 7, "b": ["x", 1, "y"], "c": {"d": 1}}},
        {"headers": {"host": "a:b:c", "x-forwarded-port": "none"}},
        {"headers": {"x": "\ud800"}},
        {"cookies": [1, None]},
        {"rawQueryString": "\ud800=1"},
        {"body": "\ud800"},
        {"requestContext": {"http": {"method": "GET", "path": "/", "sourceIp": 7}}},
        {"requestContext": {"http": {"method": "GET", "path": "\ud800"}}},
    ],
)
def test_odd_values_in_an_event_cause_no_server_error(change: dict[str, Any]) -> None:
    assert answer_to({**HTTP, **change})["statusCode"] == 200


@pytest.mark.parametrize(
    "change",
    [
        {"version": "3.0"}, {"version": None}, {"requestContext": {}},
        {"requestContext": {"http": None}}, {"requestContext": {"http": {"method": "GET"}}},
        {"requestContext": {"http": {"method": 1, "path": "/"}}}, {"body": {"user_id": "ann"}},
    ],
)  # fmt: skip
def test_an_http_event_without_a_request_is_refused_without_showing_its_content(change: dict[str, Any]) -> None:
    with pytest.raises(NoRequest) as raised:
        http_event({**HTTP, **change})
    assert "ann" not in str(raised.value)


@pytest.mark.parametrize("event", [{}, {"Records": [{"body": "ann"}]}, {**HTTP, "requestContext": None}, None, [], 7])
def test_an_event_that_is_not_http_is_refused_without_showing_its_content(event: object) -> None:
    with pytest.raises(InvalidRequest, match="not an event of an HTTP API") as raised:
        http_event(event)
    assert not isinstance(raised.value, NoRequest), "an unexpected trigger is an error, not a bad request"
    assert "ann" not in str(raised.value)


@pytest.mark.parametrize("body", ["%%%", "ä", "YQ", 7])
def test_a_body_of_invalid_base64_is_refused(body: object) -> None:
    with pytest.raises(NoRequest):
        http_event({**HTTP, "body": body, "isBase64Encoded": True})


def test_a_base64_body_is_accepted() -> None:
    body = base64.b64encode(b"{}").decode()
    assert http_event({**HTTP, "body": body, "isBase64Encoded": True})["body"] == body
    assert http_event({**HTTP, "body": None, "isBase64Encoded": True})["body"] is None


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "version", "rawQueryString", "headers", "multiValueHeaders", "queryStringParameters", "body", "isBase64Encoded",
    "multiValueQueryStringParameters", "cookies", "httpMethod", "path", "rawPath",
)  # fmt: skip


@given(st.sampled_from([HTTP, REST, BALANCER]), st.dictionaries(st.sampled_from(NAMES), ANY, max_size=4))
def test_any_event_is_answered_or_refused(event: dict[str, Any], changes: dict[str, Any]) -> None:
    changed = {**event, **changes}
    try:
        answer = answer_to(changed)
    except NoRequest:
        return
    assert answer["statusCode"] == 200


@pytest.mark.parametrize("event", [{"warmer": True}, {"source": "aws.events"}])
def test_warm_up_events(event: object) -> None:
    assert is_warm_up(event)


@pytest.mark.parametrize(
    "event",
    [{"warmer": "yes"}, {"warmer": 1}, {"source": "aws.s3"}, [], None, HTTP, {**HTTP, "source": "aws.events"}],
)
def test_other_events_are_no_warm_ups(event: object) -> None:
    assert not is_warm_up(event)
