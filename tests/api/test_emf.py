"""Lines for CloudWatch, checked against the rules of its embedded metric format."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from services.api.app.context import Observation
from services.api.app.observability.emf import NAMESPACE, EmfTelemetry, causes_of, metrics_of, print_line

STAGES = {"state": 0.5, "taste": 0.1, "retrieval": 3.0, "knn": 1.25, "bm25": 2.5, "rank": 0.75, "explain": 0.2}
BEGAN_MS = int(time.time() * 1_000)
OBSERVATION = Observation(
    request_id="r-1",
    method="POST",
    route="/recommend",
    status=200,
    ms=6.5,
    key_id="k1",
    stages=STAGES,
    facts={
        "strategy": "personal",
        "cached": False,
        "explain": True,
        "user": "0123456789ab",
        "candidates": {"knn": 200},
    },
)
ALL = {
    "API.LatencyMs", "API.RPS", "API.ErrorRate", "Retrieval.KNNLatencyMs", "Retrieval.BM25LatencyMs",
    "RankerLatencyMs", "Cache.HitRatio", "Explain.UsagePct",
}  # fmt: skip


def lines_of(observation: Observation, stage: str = "prod") -> list[dict[str, Any]]:
    """All lines written for a request."""
    written: list[str] = []
    EmfTelemetry(stage, written.append).record(observation)
    assert not any("\n" in line for line in written)
    return [{name: _single(value) for name, value in json.loads(line).items()} for line in written]


def _single(value: Any) -> Any:
    """Unwrap a list of one number: a metric's value may be a list of values; here it always has one."""
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], float) else value


def facts(**changes: Any) -> Observation:
    """The same request with other facts."""
    return replace(OBSERVATION, facts={**OBSERVATION.facts, **changes})


def check_emf(line: dict[str, Any]) -> None:
    """Check a line against the rules of the specification."""
    about = line["_aws"]
    assert BEGAN_MS <= about["Timestamp"] <= time.time() * 1_000
    (directive,) = about["CloudWatchMetrics"]
    assert directive["Namespace"] == NAMESPACE
    assert 1 <= len(directive["Metrics"]) <= 100
    for metric in directive["Metrics"]:
        assert metric["Unit"] in {"Milliseconds", "Percent", "Count", "None"}
        assert isinstance(line[metric["Name"]], int | float)
    for names in directive["Dimensions"]:
        assert len(names) <= 30
        assert all(isinstance(line[name], str) and 0 < len(line[name]) <= 1_024 for name in names)


def test_a_request_is_one_line_of_metrics_and_one_log_line() -> None:
    metrics, log_line = lines_of(OBSERVATION)
    check_emf(metrics)
    (directive,) = metrics["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"] for metric in directive["Metrics"]} == ALL
    assert sorted(directive["Dimensions"]) == [["stage"], ["stage", "route"]]
    assert (metrics["stage"], metrics["route"]) == ("prod", "/recommend")
    assert log_line["message"] == "request"


EXPLAINED = {
    "wanted": 20, "cached": 5, "model": 14, "template": 1, "replaced": 1, "input_tokens": 2_000, "output_tokens": 900,
    "usd": 0.0065, "budget_pct": 12.5,
}  # fmt: skip


def test_sentences_of_a_model_are_counted_with_tokens_and_cost() -> None:
    metrics, _ = lines_of(facts(sentences=EXPLAINED))
    check_emf(metrics)
    values = {name: value for name, value in metrics.items() if name.startswith("Explain.")}
    assert values == {
        "Explain.UsagePct": 100, "Explain.LatencyMs": 0.2, "Explain.TemplatePct": 5, "Explain.CachedPct": 25,
        "Explain.InputTokens": 2_000, "Explain.OutputTokens": 900, "Explain.CostUsd": 0.0065, "Explain.BudgetPct": 12.5,
    }  # fmt: skip


def test_cached_sentences_use_no_tokens() -> None:
    metrics, _ = lines_of(facts(sentences={"wanted": 20, "cached": 20, "template": 0}))
    assert metrics["Explain.CachedPct"] == 100
    assert "Explain.InputTokens" not in metrics


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API.LatencyMs", 6.5),
        ("API.RPS", 1),
        ("API.ErrorRate", 0),
        ("Retrieval.KNNLatencyMs", 1.25),
        ("Retrieval.BM25LatencyMs", 2.5),
        ("RankerLatencyMs", 0.75),
        ("Cache.HitRatio", 0),
        ("Explain.UsagePct", 100),
    ],
)
def test_each_metric_has_its_value(name: str, value: float) -> None:
    assert lines_of(OBSERVATION)[0][name] == value


def test_a_cached_answer_is_a_hit_and_was_not_ranked() -> None:
    metrics = lines_of(replace(facts(cached=True, explain=False), stages={"state": 0.4}))[0]
    assert (metrics["Cache.HitRatio"], metrics["Explain.UsagePct"]) == (100, 0)
    assert "RankerLatencyMs" not in metrics


@pytest.mark.parametrize(("status", "rate"), [(200, 0), (404, 0), (429, 0), (499, 0), (500, 100), (503, 100)])
def test_only_server_errors_count_as_errors(status: int, rate: int) -> None:
    metrics, log_line = lines_of(replace(OBSERVATION, status=status))
    assert metrics["API.ErrorRate"] == rate
    assert log_line["level"] == ("ERROR" if rate else "INFO")


def test_a_route_without_cache_and_ranking_has_no_such_metrics() -> None:
    plain = replace(OBSERVATION, route="/films", facts={}, stages={})
    assert {name for name, _, _ in metrics_of(plain)} == {"API.LatencyMs", "API.RPS", "API.ErrorRate"}


def test_each_fallback_is_counted_by_its_cause() -> None:
    observation = facts(
        degraded=["search: timed out after 300 ms", "search: kNN", "encoder: none"], edge_degraded=["keys", "quota"]
    )
    _, *fallbacks, log_line = lines_of(observation)
    for line in fallbacks:
        check_emf(line)
        assert line["Fallback.Count"] == 1
        assert sorted(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]) == [["stage"], ["stage", "cause"]]
    assert [line["cause"] for line in fallbacks] == ["encoder", "keys", "quota", "search"]
    assert log_line["degraded"] == ["search: timed out after 300 ms", "search: kNN", "encoder: none"]


def test_unknown_causes_are_counted_as_other() -> None:
    assert causes_of({"degraded": ["user ann: gone", "state: down"]}) == {"other", "state"}
    assert causes_of({"degraded": "not a list"}) == set()
    assert causes_of({}) == set()


def test_unknown_paths_share_one_route() -> None:
    assert lines_of(replace(OBSERVATION, route="-"))[0]["route"] == "none"


@pytest.mark.parametrize("route", ["/health/live", "/health/ready"])
def test_health_checks_are_logged_and_not_counted(route: str) -> None:
    (log_line,) = lines_of(replace(OBSERVATION, route=route))
    assert (log_line["message"], log_line["route"]) == ("request", route)


def test_the_log_line_has_stages_and_facts_but_no_user_id() -> None:
    log_line = lines_of(OBSERVATION)[-1]
    assert (log_line["request_id"], log_line["strategy"], log_line["user"]) == ("r-1", "personal", "0123456789ab")
    assert log_line["stages"]["knn"] == 1.25
    assert log_line["candidates"] == {"knn": 200}
    assert "_aws" not in log_line


def test_the_metrics_of_a_request_do_not_leak_into_the_next() -> None:
    written: list[str] = []
    telemetry = EmfTelemetry("prod", written.append)
    telemetry.record(OBSERVATION)
    telemetry.record(replace(OBSERVATION, route="/films", facts={}, stages={}))
    assert "RankerLatencyMs" in written[0]
    assert "RankerLatencyMs" not in written[2]
    assert json.loads(written[2])["API.RPS"] == [1]


def test_a_fact_that_is_not_json_is_written_as_text() -> None:
    assert lines_of(facts(odd=frozenset({"x"})))[-1]["odd"] == "frozenset({'x'})"


def test_a_line_is_flushed_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_line('{"a":1}')
    assert capsys.readouterr().out == '{"a":1}\n'
