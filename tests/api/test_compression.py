"""Which answers are made smaller, for whom, and what else has to change with them."""

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from mangum import Mangum
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from services.api.app.middleware import LEAST_BYTES, Compress, accepts_gzip
from tests.container.kit import event

pytestmark = pytest.mark.usefixtures("loop_of_mangum")

LONG = json.dumps({"title": "Heat", "said": "because " * 500})
# What Lambda lets an answer have.
LIMIT = 6_000_000


def client(make: Callable[[], Response]) -> TestClient:
    return TestClient(Compress(application(make)))


def application(make: Callable[[], Response]) -> Starlette:
    def endpoint(_: Request) -> Response:
        return make()

    return Starlette(routes=[Route("/", endpoint)])


def json_answer(body: str = LONG, **headers: str) -> Response:
    return Response(body, headers=headers, media_type="application/json")


def asked(make: Callable[[], Response], accept: str = "gzip") -> Any:
    return client(make).get("/", headers={"Accept-Encoding": accept})


def test_a_long_answer_is_sent_in_fewer_bytes_and_read_as_before() -> None:
    answer = asked(json_answer)
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(LONG) / 10
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.text == LONG


@pytest.mark.parametrize("accept", ["", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=none"])
def test_who_does_not_read_gzip_gets_none_and_caches_are_told(accept: str) -> None:
    answer = asked(json_answer, accept)
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "Accept-Encoding"
    assert int(answer.headers["content-length"]) == len(LONG)


@pytest.mark.parametrize("accept", ["gzip", "br, GZIP;q=0.5", "*", "deflate, *;q=0.1", "gzip; q=1.0"])
def test_gzip_is_allowed_by_name_or_by_a_star(accept: str) -> None:
    assert accepts_gzip(accept)


@given(st.text(max_size=40))
def test_any_accept_encoding_is_read(text: str) -> None:
    assert accepts_gzip(text) in (True, False)


@pytest.mark.parametrize(
    "make",
    [
        lambda: json_answer("x" * (LEAST_BYTES - 1)),
        lambda: Response(b"x" * 5_000, media_type="application/octet-stream"),
        lambda: json_answer(**{"Content-Encoding": "br"}),
        lambda: Response(status_code=304),
        lambda: StreamingResponse(iter([b"x" * 5_000, b"y" * 5_000]), media_type="text/plain"),
    ],
)
def test_what_is_short_encoded_streamed_or_no_text_is_left_alone(make: Callable[[], Response]) -> None:
    answer = client(make).get("/", headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers.get("content-encoding") in (None, "br")
    assert "vary" not in answer.headers


def test_an_entity_tag_becomes_weak_because_the_bytes_are_others() -> None:
    assert asked(lambda: json_answer(ETag='"abc"')).headers["etag"] == 'W/"abc"'
    assert asked(lambda: json_answer(ETag='W/"abc"')).headers["etag"] == 'W/"abc"'
    assert asked(lambda: json_answer(ETag='"abc"'), "identity").headers["etag"] == '"abc"'


def test_what_fails_before_it_answers_fails_as_before() -> None:
    def broken() -> Response:
        raise RuntimeError("no answer")

    with pytest.raises(RuntimeError):
        asked(broken)


def test_in_a_lambda_event_the_bytes_travel_as_base64() -> None:
    answer = Mangum(Compress(application(json_answer)), lifespan="off")(
        event("GET", "/", headers={"accept-encoding": "gzip"}), None
    )
    assert answer["isBase64Encoded"] is True
    assert gzip.decompress(base64.b64decode(answer["body"])).decode() == LONG
    assert len(answer["body"]) < len(LONG) / 5


def test_an_answer_beyond_the_limit_of_lambda_fits_when_it_is_compressed() -> None:
    export = json.dumps(
        [{"item_id": f"film {row}", "event": "like", "ts": 1_750_000_000 + row} for row in range(120_000)]
    )
    assert len(export) > LIMIT
    answer = Mangum(Compress(application(lambda: json_answer(export))), lifespan="off")(
        event("GET", "/", headers={"accept-encoding": "gzip"}), None
    )
    assert len(json.dumps(answer)) < LIMIT
