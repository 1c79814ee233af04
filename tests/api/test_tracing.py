"""Traces: spans and attributes of a traced request, sampling, and no cost without tracing."""

import gzip
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.api.app.observability.telemetry import flush_traces, install_tracing
from services.api.app.observability.trace_ids import TraceIds, trace_ids_of
from services.api.app.observability.tracing import Tracer
from services.recommender.domain.request import Request
from services.recommender.ports.time import span
from services.settings import load_settings
from tests.api.fakes import FakeRecommender, fake_app
from tests.patience import PATIENCE_S
from tests.servers.http_server import Answer, HttpServer

ROOT = Path(__file__).resolve().parents[2]
TRACE, PARENT = "67891233abcdef012345678912345678", "53995c3f42cd8ad8"
OF_AWS = {"X-Amzn-Trace-Id": f"Self=x;Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={PARENT};Sampled=0"}


class RecordingCollector:
    """A collector that records spans."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []

    def put(self, spans: list[dict[str, Any]]) -> None:
        self.spans += spans

    def flush(self) -> None: ...


class TracedRecommender(FakeRecommender):
    """A recommender whose answers have the spans of real ones."""

    def recommend(self, request: Request, deadline: Any = None) -> Any:
        with span("state"):
            pass
        with span("retrieval"):
            with span("encoder"):
                pass
            with span("search"):
                pass
        return super().recommend(request, deadline)


def traced(
    method: str = "POST", path: str = "/recommend", recommender: FakeRecommender | None = None, *,
    ratio: float = 1.0, inline: bool = True, **options: Any,
) -> list[dict[str, Any]]:  # fmt: skip
    """The spans of one request."""
    collector: Any = RecordingCollector()
    app = fake_app(recommender, inline=inline)
    app.state.tracer = Tracer(ratio, collector)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.request(method, path, **options)
    spans: list[dict[str, Any]] = collector.spans
    return spans


def attributes_of(record: dict[str, Any]) -> dict[str, Any]:
    """Attributes, without their types."""
    return {entry["key"]: next(iter(entry["value"].values())) for entry in record["attributes"]}


@pytest.mark.parametrize("inline", [True, False])
def test_a_request_is_a_span_with_nested_spans_for_its_stages(inline: bool) -> None:
    """Both inline and in a thread."""
    whole, *pieces = traced(recommender=TracedRecommender(), inline=inline, json={}, headers=OF_AWS)
    assert (whole["traceId"], whole["parentSpanId"], whole["kind"]) == (TRACE, PARENT, 2)
    assert whole["name"] == "POST /recommend"
    by_id = {item["spanId"]: item["name"] for item in [whole, *pieces]}
    assert {piece["name"]: by_id[piece["parentSpanId"]] for piece in pieces} == {
        "state": "POST /recommend", "retrieval": "POST /recommend", "encoder": "retrieval", "search": "retrieval",
    }  # fmt: skip
    assert {piece["traceId"] for piece in pieces} == {TRACE}
    begin, end = int(whole["startTimeUnixNano"]), int(whole["endTimeUnixNano"])
    for piece in pieces:
        assert begin <= int(piece["startTimeUnixNano"]) <= int(piece["endTimeUnixNano"]) <= end + 10**7


def test_a_span_has_the_facts_of_the_answer_but_no_user_id(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "marquee.access"):
        whole, *_ = traced(json={"user_id": "alice", "query": "secret wish"}, headers={"X-Request-Id": "r-1"})
    line = json.loads(caplog.records[-1].message)
    facts = attributes_of(whole)
    assert (facts["http.request.method"], facts["http.route"]) == ("POST", "/recommend")
    assert (facts["http.response.status_code"], facts["marquee.request_id"]) == ("200", "r-1")
    assert facts["marquee.strategy"] == "popular"
    assert facts["marquee.degraded"] == {"values": [{"stringValue": "search: down"}]}
    assert "alice" not in repr(whole)
    assert "secret" not in repr(whole)
    # The log line and the span share an id, even if the request had none.
    assert (line["trace_id"], line["traced"]) == (whole["traceId"], True)


def test_the_sampling_of_the_caller_is_ignored(caplog) -> None:
    with caplog.at_level(logging.INFO, "marquee.access"):
        assert traced(ratio=0.0, json={}, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}) == []
    line = json.loads(caplog.records[-1].message)
    assert (line["trace_id"], "traced" in line) == (TRACE, False)


def test_a_server_error_is_marked_as_an_error() -> None:
    [whole] = traced(recommender=FakeRecommender(fails=RuntimeError("x")), json={})
    assert whole["status"] == {"code": 2}
    [unknown_path] = traced("GET", "/nope/alice")
    assert (unknown_path["name"], "status" in unknown_path) == ("GET", False)


@pytest.mark.parametrize(
    ("headers", "ids"),
    [
        ({"traceparent": f"00-{TRACE}-{PARENT}-01"}, TraceIds(TRACE, PARENT)),
        ({"x-amzn-trace-id": f"Root=1-{TRACE[:8]}-{TRACE[8:]}"}, TraceIds(TRACE, of_aws=True)),
        ({"traceparent": f"00-{'0' * 32}-{PARENT}-01"}, None),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None),
        ({"traceparent": f"00-{TRACE.upper()}-{PARENT}-01"}, None),
        ({"traceparent": "x" * 5_000}, None),
        ({}, None),
    ],
)
def test_trace_ids_of_a_request(headers: dict[str, str], ids: TraceIds | None) -> None:
    scope = {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    assert trace_ids_of(scope) == ids


def test_trace_ids_of_aws_are_logged_in_its_format() -> None:
    assert TraceIds(TRACE, of_aws=True).logged == f"1-{TRACE[:8]}-{TRACE[8:]}"
    assert TraceIds(TRACE).logged == TRACE


def test_spans_are_sent_to_the_configured_collector_on_a_flush() -> None:
    bodies: list[bytes] = []

    def handle(request: Any) -> Answer:
        bodies.append(request.body)
        return Answer(200, b"{}")

    server = HttpServer(handle)
    app = fake_app()
    install_tracing(
        app,
        load_settings(
            _env_file=None, otel_exporter_otlp_endpoint=f"http://127.0.0.1:{server.port}", otel_traces_sampler_arg=1
        ),
        later=False,
    )
    TestClient(app).get("/version")
    assert bodies == []
    flush_traces(app)
    server.close()
    [document] = [json.loads(gzip.decompress(body)) for body in bodies]
    resource = attributes_of(document["resourceSpans"][0]["resource"])
    assert resource == {"service.name": "marquee", "deployment.environment.name": "local"}


def test_without_a_collector_no_tracer_is_installed_or_imported() -> None:
    app = fake_app(TracedRecommender())
    install_tracing(app, load_settings(_env_file=None))
    assert not hasattr(app.state, "tracer")
    flush_traces(app)
    script = (
        "import sys, services.api.app.lambda_handler, services.api.app.main\n"
        "assert not {'services.adapters.otlp', 'services.api.app.observability.tracing'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=PATIENCE_S)


def test_the_framework_makes_no_spans_since_they_would_contain_paths(monkeypatch):
    names: list[object] = []

    class Provider:
        def get_tracer(self, *arguments: object, **_: object) -> None:
            names.append(arguments)

    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", Provider)
    with TestClient(fake_app(FakeRecommender())) as client:
        assert client.get("/health/live").status_code == 200
    assert not names
