"""Export of spans to a collector, and the handling of failures."""

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


class RecordingCollector:
    """A collector that records its requests and answers with ``status``."""

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
        return [span for sent in self.requests for span in document(sent)["resourceSpans"][0]["scopeSpans"][0]["spans"]]


@pytest.fixture
def recorder() -> Iterator[RecordingCollector]:
    recording = RecordingCollector()
    yield recording
    recording.server.close()


def document(request: Request) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(gzip.decompress(request.body))
    return content


def collector(endpoint: str, **options: Any) -> Collector:
    return Collector(
        endpoint, {"authorization": "Bearer t"}, {"service.name": "marquee"}, **{"later": False, **options}
    )


def test_spans_are_sent_as_otlp_json(recorder: RecordingCollector) -> None:
    """The request is parsed by OpenTelemetry's own schema."""
    exporter = collector(f"{recorder.endpoint}/")
    attributes_sent = attributes({"text": "é", "count": 20, "cached": False, "degraded": ["search: late"]})
    exporter.put([{**SPAN, "attributes": attributes_sent}])
    exporter.flush()
    [request] = recorder.requests
    assert (request.method, request.path) == ("POST", "/v1/traces")
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert (headers["content-type"], headers["content-encoding"]) == ("application/json", "gzip")
    assert headers["authorization"] == "Bearer t"
    read = Parse(gzip.decompress(request.body), ExportTraceServiceRequest())
    [whole] = read.resource_spans
    assert [(entry.key, entry.value.string_value) for entry in whole.resource.attributes] == [
        ("service.name", "marquee")
    ]
    [span] = whole.scope_spans[0].spans
    assert (span.name, span.start_time_unix_nano) == ("search", 1_544_712_660_000_000_000)
    values = {entry.key: entry.value for entry in span.attributes}
    assert (values["text"].string_value, values["count"].int_value) == ("é", 20)
    assert values["cached"].HasField("bool_value")
    assert [text.string_value for text in values["degraded"].array_value.values] == ["search: late"]


def test_waiting_spans_are_sent_in_bounded_batches(recorder: RecordingCollector) -> None:
    exporter = collector(recorder.endpoint)
    for _ in range(MOST + 10):
        exporter.put([SPAN])
    exporter.flush()
    assert len(recorder.requests) == MOST // AT_ONCE
    assert len(recorder.spans) == MOST
    exporter.flush()
    assert len(recorder.requests) == MOST // AT_ONCE


def test_a_refusing_collector_is_not_called_during_a_pause(
    recorder: RecordingCollector, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(otlp.time, "monotonic", lambda: now[0])
    exporter, recorder.status = collector(recorder.endpoint), 503
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            exporter.put([SPAN])
            exporter.flush()
    assert len(recorder.requests) == 1
    [line] = caplog.messages
    assert "status 503" in line
    now[0], recorder.status = PAUSE_S, 200
    exporter.flush()
    # The refused span is lost; the waiting ones are not.
    assert len(recorder.spans) == 3


@pytest.mark.parametrize("answer", [None, Answer(302, b"", [("Location", "http://127.0.0.1:1/")])])
def test_failures_of_a_collector_do_not_raise(answer: Answer | None) -> None:
    server = HttpServer(lambda _request: answer)
    exporter = collector(f"http://127.0.0.1:{server.port}")
    exporter.put([SPAN])
    exporter.flush()
    server.close()
    exporter.put([SPAN])
    exporter.flush()


def test_a_background_thread_sends_spans(recorder: RecordingCollector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "EVERY_S", 0.01)
    exporter = collector(recorder.endpoint, later=True)
    exporter.put([SPAN])
    exporter.put([SPAN])
    wait_for(lambda: len(recorder.spans) == 2, "spans")


def test_requests_to_x_ray_are_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[tuple[str, dict[str, str]]] = []

    class Connection:
        def __init__(self, host: str, _port: int | None, timeout: float, context: ssl.SSLContext) -> None:
            assert context.verify_mode is ssl.CERT_REQUIRED
            self.host = host

        def request(self, _method: str, path: str, _body: bytes, headers: dict[str, str]) -> None:
            requests.append((self.host + path, headers))

        def getresponse(self) -> Any:
            return type("Fine", (), {"status": 200})

        def close(self) -> None: ...

    monkeypatch.setattr(otlp, "_Https", Connection)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for host in ("xray.eu-west-1.amazonaws.com", "xray.example.com"):
        exporter = collector(f"https://{host}")
        exporter.put([SPAN])
        exporter.flush()
    (place, signed), (_, plain) = requests
    assert place == "xray.eu-west-1.amazonaws.com/v1/traces"
    day = datetime.now(UTC).strftime("%Y%m%d")[:6]
    assert signed["Authorization"].startswith(f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{day}")
    assert "/eu-west-1/xray/aws4_request" in signed["Authorization"]
    assert not [name for name in plain if name.lower() == "x-amz-date"]


def test_a_trickling_answer_is_given_up_at_the_timeout(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes keep coming within the read timeout, and the answer never ends."""
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
        exporter = collector(f"http://127.0.0.1:{listener.getsockname()[1]}")
        exporter.put([SPAN])
        with caplog.at_level(logging.WARNING):
            exporter.flush()
        sent.set()
        thread.join()
    assert "the response timed out" in caplog.text or "TimeoutError" in caplog.text


def test_an_invalid_header_value_is_not_logged(recorder: RecordingCollector, caplog: pytest.LogCaptureFixture) -> None:
    exporter = Collector(recorder.endpoint, {"authorization": "Bearer hunter2\n"}, {}, later=False)
    exporter.put([SPAN])
    with caplog.at_level(logging.WARNING):
        exporter.flush()
    assert "ValueError: message withheld" in caplog.text
    assert "hunter2" not in caplog.text
