"""Which events the function takes, and what it says of the others."""

import base64
from typing import Any

import pytest

from services.api.app.lambda_events import http_event, is_warm_up
from services.recommender.errors import InvalidRequest

HTTP: dict[str, Any] = {
    "version": "2.0",
    "rawPath": "/version",
    "headers": {"host": "example.org"},
    "requestContext": {"http": {"method": "GET", "path": "/version"}},
}


def test_an_event_of_an_http_api_is_taken_as_it_is() -> None:
    assert http_event(HTTP) == HTTP
    assert http_event({**HTTP, "body": "{}", "isBase64Encoded": False})["body"] == "{}"


@pytest.mark.parametrize(
    "change",
    [
        {"version": "1.0"}, {"version": None}, {"requestContext": None}, {"requestContext": {}}, {"headers": None},
        {"requestContext": {"http": None}}, {"requestContext": {"http": {"method": "GET"}}}, {"headers": ["host"]},
        {"requestContext": {"http": {"method": 1, "path": "/"}}}, {"body": {"user_id": "ann"}},
    ],
)  # fmt: skip
def test_an_event_of_another_shape_is_refused_without_its_content(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"not an event of an HTTP API: an object with \['") as raised:
        http_event({**HTTP, **change})
    assert "ann" not in str(raised.value)


@pytest.mark.parametrize("body", ["%%%", "ä", "YQ", 7])
def test_a_body_that_is_no_base64_is_refused_and_not_read_as_nothing(body: object) -> None:
    with pytest.raises(InvalidRequest):
        http_event({**HTTP, "body": body, "isBase64Encoded": True})


def test_a_body_in_base64_is_taken() -> None:
    body = base64.b64encode(b"{}").decode()
    assert http_event({**HTTP, "body": body, "isBase64Encoded": True})["body"] == body
    assert http_event({**HTTP, "body": None, "isBase64Encoded": True})["body"] is None


@pytest.mark.parametrize("event", [{"warmer": True}, {"source": "aws.events"}])
def test_warm_ups(event: object) -> None:
    assert is_warm_up(event)


@pytest.mark.parametrize("event", [{"warmer": "yes"}, {"warmer": 1}, {"source": "aws.s3"}, [], None, HTTP])
def test_what_is_no_warm_up(event: object) -> None:
    assert not is_warm_up(event)
