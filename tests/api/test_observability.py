"""Observations of requests: in the access log and in telemetry."""

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
    """A telemetry that records its observations."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []

    def record(self, observation: Observation) -> None:
        self.observations.append(observation)


def observed(method: str, path: str, recommender: FakeRecommender | None = None, **options: Any) -> Observation:
    """The observation of one request."""
    telemetry, app = FakeTelemetry(), fake_app(recommender)
    app.state.telemetry = telemetry
    TestClient(app, raise_server_exceptions=False).request(method, path, **options)
    (observation,) = telemetry.observations
    return observation


@pytest.mark.parametrize("kept", [True, False])
def test_only_a_cacheable_answer_has_the_fact_cached(kept: bool) -> None:
    observation = observed("POST", "/recommend", FakeRecommender(kept=kept), json={})
    assert ("cached" in observation.facts) is kept


def test_an_observation_has_route_status_and_facts_but_no_user_id() -> None:
    observation = observed("POST", "/recommend", json={"user_id": "alice"}, headers={"X-Request-Id": "r-1"})
    assert (observation.request_id, observation.method, observation.route, observation.status) == (
        "r-1",
        "POST",
        "/recommend",
        200,
    )
    assert observation.facts["strategy"] == "popular"
    assert observation.facts["degraded"] == ["search: down"]
    assert "alice" not in repr(observation)
    assert observation.ms > 0


def test_similar_films_have_stages_and_degradations() -> None:
    observation = observed("GET", "/similar?item_id=6", FakeRecommender(degraded=["search: timeout"]))
    assert observation.stages == {"knn": 1.5}
    assert observation.facts["degraded"] == ["search: timeout"]


def test_the_route_is_the_template_of_the_path() -> None:
    assert observed("GET", "/users/alice/export", FakeRecommender(people={"alice"})).route == "/users/{user_id}/export"
    assert observed("GET", "/nope/alice").route == "-"


def test_a_server_error_is_observed() -> None:
    assert observed("POST", "/recommend", FakeRecommender(fails=RuntimeError("x"))).status == 500


def test_without_telemetry_and_access_log_nothing_is_recorded(caplog: pytest.LogCaptureFixture) -> None:
    app = fake_app()
    install_telemetry(app, "", "local")
    assert not hasattr(app.state, "telemetry")
    with caplog.at_level(logging.WARNING):
        TestClient(app).get("/version")
    assert [record for record in caplog.records if record.name == "marquee.access"] == []


def test_emf_is_written_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    app = fake_app()
    install_telemetry(app, "emf", "dev")
    TestClient(app).post("/recommend", json={})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("stage") for line in lines] == ["dev", "dev", None]
    assert lines[1]["cause"] == "search"
    assert lines[-1]["deployment"] == "dev"


def test_the_emf_module_is_imported_only_if_metrics_are_configured() -> None:
    script = "import sys, services.api.app.main\nassert 'services.api.app.observability.emf' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=PATIENCE_S)


def test_a_line_has_the_request_ids_of_aws_but_no_address(caplog) -> None:
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
@pytest.mark.parametrize("header", [b"", b"Root=1-2-3", b"\xff", b"Root=" + b"1" * 5000])
def test_missing_or_invalid_aws_ids_are_left_out(caplog, event: object, header: bytes) -> None:
    scope = {"type": "http", "method": "GET", "headers": [(b"x-amzn-trace-id", header)], "aws.event": event}
    with caplog.at_level(logging.INFO, "marquee.access"):
        observe(scope, RequestContext("0" * 32, 0.0), 200)
    assert not {"aws_request_id", "apigw_request_id", "trace_id"} & set(json.loads(caplog.records[-1].message))


def test_recommendations_from_films_have_candidates_stages_and_degradations() -> None:
    recommender = FakeRecommender(degraded=["retrieve: late; used the bundle's vectors"])
    observation = observed("POST", "/recommend/from-films", recommender, json={"item_ids": ["6"]})
    assert observation.facts["candidates"] == {"ranked": 2}
    assert observation.facts["degraded"] == ["retrieve: late; used the bundle's vectors"]
    assert observation.stages["rank"] == 1.5
