"""What is told to a collector of traces, and what happens when it does not take it."""

import gzip
import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.adapters import otlp
from services.adapters.otlp import AT_ONCE, MOST, PAUSE_S, Collector, attributes
from tests.patience import HASTE_S, wait_for
from tests.servers.http_server import Answer, HttpServer, Request

SPAN = {"traceId": "5b8aa5a2d2c872e8321cf37308d69df2", "spanId": "051581bf3cb55c13", "name": "search", "kind": 1,
        "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000"}  # fmt: skip


class Taken:
    """A collector that keeps what it was told, and answers with ``status``."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.status = 200
        self.server = HttpServer(self.handle)
        self.endpoint = f"http://127.0.0.1:{self.server.port}"

    def handle(self, request: Request) -> Answer:
        self.requests.append(request)
        return Answer(self.status, b"{}")

    @property
    def spans(self) -> list[dict[str, Any]]:
        return [span for each in self.requests for span in document(each)["resourceSpans"][0]["scopeSpans"][0]["spans"]]


@pytest.fixture
def taken() -> Iterator[Taken]:
    made = Taken()
    yield made
    made.server.close()


def document(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(request.body))
    return found


def collector(endpoint: str, **options: Any) -> Collector:
    return Collector(
        endpoint, {"authorization": "Bearer t"}, {"service.name": "marquee"}, **{"later": False, **options}
    )


def test_a_collector_is_told_in_the_protocol_s_own_words(taken: Taken) -> None:
    """As OpenTelemetry's own schema reads it."""
    made = collector(f"{taken.endpoint}/")
    told = attributes({"text": "é", "count": 20, "cached": False, "degraded": ["search: late"]})
    made.put([{**SPAN, "attributes": told}])
    made.flush()
    [request] = taken.requests
    assert (request.method, request.path) == ("POST", "/v1/traces")
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert (headers["content-type"], headers["content-encoding"]) == ("application/json", "gzip")
    assert headers["authorization"] == "Bearer t"
    read = Parse(gzip.decompress(request.body), ExportTraceServiceRequest())
    [whole] = read.resource_spans
    assert [(each.key, each.value.string_value) for each in whole.resource.attributes] == [("service.name", "marquee")]
    [span] = whole.scope_spans[0].spans
    assert (span.name, span.start_time_unix_nano) == ("search", 1_544_712_660_000_000_000)
    values = {each.key: each.value for each in span.attributes}
    assert (values["text"].string_value, values["count"].int_value) == ("é", 20)
    assert values["cached"].HasField("bool_value")
    assert [each.string_value for each in values["degraded"].array_value.values] == ["search: late"]


def test_requests_that_wait_are_told_together_and_not_without_bound(taken: Taken) -> None:
    made = collector(taken.endpoint)
    for _ in range(MOST + 10):
        made.put([SPAN])
    made.flush()
    assert len(taken.requests) == MOST // AT_ONCE
    assert len(taken.spans) == MOST
    made.flush()
    assert len(taken.requests) == MOST // AT_ONCE


def test_a_collector_that_refuses_is_left_alone_for_a_while(
    taken: Taken, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(otlp.time, "monotonic", lambda: now[0])
    made, taken.status = collector(taken.endpoint), 503
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            made.put([SPAN])
            made.flush()
    assert len(taken.requests) == 1
    [line] = caplog.messages
    assert "status 503" in line
    now[0], taken.status = PAUSE_S, 200
    made.flush()
    # The one that was refused is lost; those that waited are not.
    assert len(taken.spans) == 3


@pytest.mark.parametrize("answer", [None, Answer(302, b"", [("Location", "http://127.0.0.1:1/")])])
def test_whatever_a_collector_does_nobody_who_asks_for_films_notices(answer: Answer | None) -> None:
    server = HttpServer(lambda _request: answer)
    made = collector(f"http://127.0.0.1:{server.port}")
    made.put([SPAN])
    made.flush()
    server.close()
    made.put([SPAN])
    made.flush()


def test_a_thread_tells_by_itself_where_it_is_let(taken: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "EVERY_S", 0.01)
    made = collector(taken.endpoint, later=True)
    made.put([SPAN])
    made.put([SPAN])
    wait_for(lambda: len(taken.spans) == 2, "spans")


def test_the_endpoint_of_x_ray_is_asked_with_a_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    class Connection:
        def __init__(self, host: str, _port: int | None, timeout: float, context: ssl.SSLContext) -> None:
            assert context.verify_mode is ssl.CERT_REQUIRED
            self.host = host

        def request(self, _method: str, path: str, _body: bytes, headers: dict[str, str]) -> None:
            asked.append((self.host + path, headers))

        def getresponse(self) -> Any:
            return type("Fine", (), {"status": 200})

        def close(self) -> None: ...

    monkeypatch.setattr(otlp, "_Https", Connection)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for host in ("xray.eu-west-1.amazonaws.com", "xray.example.com"):
        made = collector(f"https://{host}")
        made.put([SPAN])
        made.flush()
    (place, signed), (_, plain) = asked
    assert place == "xray.eu-west-1.amazonaws.com/v1/traces"
    day = datetime.now(UTC).strftime("%Y%m%d")[:6]
    assert signed["Authorization"].startswith(f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{day}")
    assert "/eu-west-1/xray/aws4_request" in signed["Authorization"]
    assert not [name for name in plain if name.lower() == "x-amz-date"]


def test_a_collector_whose_answer_trickles_is_left_alone_when_the_time_is_over(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte comes within each second, and the answer never ends."""
    monkeypatch.setattr(otlp, "TIMEOUT_S", HASTE_S)
    sent = threading.Event()

    def trickle(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not sent.wait(HASTE_S / 10):
                connection.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=trickle, args=(listener,))
        thread.start()
        made = collector(f"http://127.0.0.1:{listener.getsockname()[1]}")
        made.put([SPAN])
        with caplog.at_level(logging.WARNING):
            made.flush()
        sent.set()
        thread.join()
    assert "the response timed out" in caplog.text or "TimeoutError" in caplog.text


def test_a_header_that_can_not_be_sent_is_in_no_log(taken: Taken, caplog: pytest.LogCaptureFixture) -> None:
    made = Collector(taken.endpoint, {"authorization": "Bearer hunter2\n"}, {}, later=False)
    made.put([SPAN])
    with caplog.at_level(logging.WARNING):
        made.flush()
    assert "ValueError: message withheld" in caplog.text
    assert "hunter2" not in caplog.text
