"""What is told about a request: to the access log, and to a telemetry that takes it."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.api.app.context import Observation, RequestContext, observe
from services.api.app.observability.telemetry import install_telemetry
from tests.api.fakes import FakeRecommender, fake_app
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


class FakeTelemetry:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []

    def record(self, seen: Observation) -> None:
        self.seen.append(seen)


def observed(method: str, path: str, recommender: FakeRecommender | None = None, **options: Any) -> Observation:
    """What a telemetry is told of one request."""
    telemetry, app = FakeTelemetry(), fake_app(recommender)
    app.state.telemetry = telemetry
    TestClient(app, raise_server_exceptions=False).request(method, path, **options)
    (seen,) = telemetry.seen
    return seen


@pytest.mark.parametrize("kept", [True, False])
def test_only_an_answer_that_might_have_come_from_the_cache_says_whether_it_did(kept: bool) -> None:
    seen = observed("POST", "/recommend", FakeRecommender(kept=kept), json={})
    assert ("cached" in seen.facts) is kept


def test_an_answer_is_told_with_its_route_stages_and_facts() -> None:
    seen = observed("POST", "/recommend", json={"user_id": "alice"}, headers={"X-Request-Id": "r-1"})
    assert (seen.request_id, seen.method, seen.route, seen.status) == ("r-1", "POST", "/recommend", 200)
    assert seen.facts["strategy"] == "popular"
    assert seen.facts["degraded"] == ["search: down"]
    assert "alice" not in repr(seen)
    assert seen.ms > 0


def test_films_like_a_film_tell_their_search_and_what_was_down() -> None:
    seen = observed("GET", "/similar?item_id=6", FakeRecommender(degraded=["search: timeout"]))
    assert seen.stages == {"knn": 1.5}
    assert seen.facts["degraded"] == ["search: timeout"]


def test_the_template_stands_for_the_path() -> None:
    assert observed("GET", "/users/alice/export", FakeRecommender(people={"alice"})).route == "/users/{user_id}/export"
    assert observed("GET", "/nope/alice").route == "-"


def test_an_error_of_ours_is_told_too() -> None:
    assert observed("POST", "/recommend", FakeRecommender(fails=RuntimeError("x"))).status == 500


def test_with_nobody_listening_nothing_is_made_of_a_request(caplog: pytest.LogCaptureFixture) -> None:
    app = fake_app()
    install_telemetry(app, "", "local")
    assert not hasattr(app.state, "telemetry")
    with caplog.at_level(logging.WARNING):
        TestClient(app).get("/version")
    assert [record for record in caplog.records if record.name == "marquee.access"] == []


def test_emf_is_written_to_the_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    app = fake_app()
    install_telemetry(app, "emf", "dev")
    TestClient(app).post("/recommend", json={})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("stage") for line in lines] == ["dev", "dev", None]
    assert lines[1]["cause"] == "search"
    assert lines[-1]["deployment"] == "dev"


def test_only_who_asks_for_metrics_imports_what_writes_them() -> None:
    script = "import sys, services.api.app.main\nassert 'services.api.app.observability.emf' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=PATIENCE_S)


def test_a_line_names_the_request_as_aws_does_and_no_address(caplog) -> None:
    trace = "1-67891233-abcdef012345678912345678"
    scope = {
        "type": "http", "method": "GET", "headers": [(b"x-amzn-trace-id", f"Self=x;Root={trace};Sampled=1".encode())],
        "aws.context": SimpleNamespace(aws_request_id="c6af9ac6"),
        "aws.event": {"requestContext": {"requestId": "JKJaXmPLvHcESHA=", "http": {"sourceIp": "192.0.2.1"}}},
    }  # fmt: skip
    with caplog.at_level(logging.INFO, "marquee.access"):
        observe(scope, RequestContext("0" * 32, 0.0), 200)
    line = json.loads(caplog.records[-1].message)
    assert (line["aws_request_id"], line["apigw_request_id"]) == ("c6af9ac6", "JKJaXmPLvHcESHA=")
    assert line["trace_id"] == trace
    assert "192.0.2.1" not in str(line)


@pytest.mark.parametrize("event", [None, [], {}, {"requestContext": None}, {"requestContext": {"requestId": 7}}])
@pytest.mark.parametrize("traced", [b"", b"Root=1-2-3", b"\xff", b"Root=" + b"1" * 5000])
def test_what_aws_does_not_say_is_not_in_the_line(caplog, event: object, traced: bytes) -> None:
    scope = {"type": "http", "method": "GET", "headers": [(b"x-amzn-trace-id", traced)], "aws.event": event}
    with caplog.at_level(logging.INFO, "marquee.access"):
        observe(scope, RequestContext("0" * 32, 0.0), 200)
    assert not {"aws_request_id", "apigw_request_id", "trace_id"} & set(json.loads(caplog.records[-1].message))


def test_films_like_some_films_tell_the_log_how_they_were_found() -> None:
    recommender = FakeRecommender(degraded=["retrieve: late; the vectors in the bundle answered"])
    seen = observed("POST", "/recommend/from-films", recommender, json={"item_ids": ["6"]})
    assert seen.facts["candidates"] == {"ranked": 2}
    assert seen.facts["degraded"] == ["retrieve: late; the vectors in the bundle answered"]
    assert seen.stages["rank"] == 1.5
