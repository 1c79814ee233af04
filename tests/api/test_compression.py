"""Compression: which answers are compressed, for which clients, and the headers that change."""

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
# The limit of Lambda for an answer, in bytes.
LIMIT = 6_000_000


def client(make: Callable[[], Response]) -> TestClient:
    return TestClient(Compress(application(make)))


def application(make: Callable[[], Response]) -> Starlette:
    def endpoint(_: Request) -> Response:
        return make()

    return Starlette(routes=[Route("/", endpoint)])


def json_answer(body: str = LONG, **headers: str) -> Response:
    return Response(body, headers=headers, media_type="application/json")


def fetch(make: Callable[[], Response], accept: str = "gzip") -> Any:
    return client(make).get("/", headers={"Accept-Encoding": accept})


def test_a_long_answer_is_compressed() -> None:
    answer = fetch(json_answer)
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(LONG) / 10
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.text == LONG


@pytest.mark.parametrize("accept", ["", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=none"])
def test_without_gzip_the_answer_is_plain_and_has_a_vary_header(accept: str) -> None:
    answer = fetch(json_answer, accept)
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "Accept-Encoding"
    assert int(answer.headers["content-length"]) == len(LONG)


@pytest.mark.parametrize("accept", ["gzip", "br, GZIP;q=0.5", "*", "deflate, *;q=0.1", "gzip; q=1.0"])
def test_gzip_is_accepted_by_name_or_wildcard(accept: str) -> None:
    assert accepts_gzip(accept)


@given(st.text(max_size=40))
def test_any_accept_encoding_is_parsed(text: str) -> None:
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
def test_short_encoded_streamed_and_binary_answers_are_unchanged(make: Callable[[], Response]) -> None:
    answer = client(make).get("/", headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers.get("content-encoding") in (None, "br")
    assert "vary" not in answer.headers


def test_the_entity_tag_of_a_compressed_answer_is_weak() -> None:
    assert fetch(lambda: json_answer(ETag='"abc"')).headers["etag"] == 'W/"abc"'
    assert fetch(lambda: json_answer(ETag='W/"abc"')).headers["etag"] == 'W/"abc"'
    assert fetch(lambda: json_answer(ETag='"abc"'), "identity").headers["etag"] == '"abc"'


def test_an_exception_before_the_answer_is_raised() -> None:
    def broken() -> Response:
        raise RuntimeError("no answer")

    with pytest.raises(RuntimeError):
        fetch(broken)


def test_a_compressed_lambda_answer_is_base64() -> None:
    answer = Mangum(Compress(application(json_answer)), lifespan="off")(
        event("GET", "/", headers={"accept-encoding": "gzip"}), None
    )
    assert answer["isBase64Encoded"] is True
    assert gzip.decompress(base64.b64decode(answer["body"])).decode() == LONG
    assert len(answer["body"]) < len(LONG) / 5


def test_compression_brings_an_oversized_answer_below_the_limit_of_lambda() -> None:
    export = json.dumps(
        [{"item_id": f"film {row}", "event": "like", "ts": 1_750_000_000 + row} for row in range(120_000)]
    )
    assert len(export) > LIMIT
    answer = Mangum(Compress(application(lambda: json_answer(export))), lifespan="off")(
        event("GET", "/", headers={"accept-encoding": "gzip"}), None
    )
    assert len(json.dumps(answer)) < LIMIT
