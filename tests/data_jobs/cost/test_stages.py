"""The bill matches what infra/ deploys: its capacities, retention and sizes are compared with those billed."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from data_jobs.cost import computing, operating, storing, workload
from data_jobs.cost.deployment import STAGES, Deployment, stage_of
from infra.settings import DeploymentSettings
from infra.settings import load_settings as deployment_settings
from services.api.app.context import Observation
from services.api.app.observability.emf import EmfTelemetry, metrics_of

INFRA = Path(__file__).resolve().parents[3] / "infra"


def settings(stage: str, **context: str) -> DeploymentSettings:
    return deployment_settings({"stage": stage, **context}, {})


def code(name: str) -> str:
    return (INFRA / "constructs" / f"{name}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_billed_as_it_is_deployed(stage: str) -> None:
    deployed, billed = settings(stage), stage_of(stage)
    assert (billed.compute, billed.search, billed.region) == (deployed.compute, deployed.search, deployed.region)
    assert (billed.architecture, billed.memory_mb) == (deployed.architecture, deployed.memory_mb)
    assert billed.search_ocu_min == deployed.search_ocu_min
    assert billed.log_days == deployed.log_days
    assert billed.fargate_tasks_min == deployed.fargate_tasks_min


def test_the_function_is_billed_as_it_is_deployed() -> None:
    assert Deployment().memory_mb == settings("dev").memory_mb
    assert Deployment().architecture == settings("dev").architecture


def test_classic_is_billed_for_its_deployed_capacity() -> None:
    classic = settings("dev", search="opensearch", classic_search="true")
    assert classic.search_ocu_min + classic.indexing_ocu_min == storing.CLASSIC_OCU


def test_a_task_is_billed_as_it_is_deployed() -> None:
    assert "CPU, MEMORY_MB = 1_024, 2_048" in code("fargate")
    assert (computing.TASK_VCPU, computing.TASK_GB) == (1, 2)
    assert f"CPU_TARGET_PERCENT = {computing.TASK_CPU_SHARE:.0%}".rstrip("%") in code("fargate")
    assert f"max_azs={computing.ZONES}" in code("fargate")
    assert "nat_gateways=2 if self._settings.keeps_data else 1" in code("fargate")


def test_every_canary_run_is_billed() -> None:
    assert f"EVERY_MIN = {Deployment().canary_minutes}\n" in code("canary")


def test_the_firewall_is_billed_for_its_rules() -> None:
    managed = len(re.findall(r'"AWSManagedRules\w+":', code("firewall")))
    assert managed + 1 == computing.FIREWALL_RULES


def test_all_kept_images_are_billed() -> None:
    assert f"MAX_IMAGES = {storing.KEPT_IMAGES:.0f}\n" in code("image_repository")
    assert "ComputeType.LARGE" in code("jobs")


def test_all_kept_versions_are_billed() -> None:
    script = (INFRA / "release/release.sh").read_text(encoding="utf-8")
    versions = script.partition('case "$number" in ')[2].partition(")")[0].split(" | ")
    assert len(versions) == computing.KEPT_VERSIONS


def test_old_bundles_are_billed_until_they_expire() -> None:
    days = {stage: stage_of(stage).noncurrent_days for stage in STAGES}
    assert f"Duration.days({days['prod']} if settings.keeps_data else {days['dev']})" in code("data")


def observation(**facts: object) -> Observation:
    stages = {"knn": 1.0, "bm25": 1.0, "rank": 1.0}
    return Observation("0" * 32, "POST", "/recommend", 200, 12.3, "0" * 16, stages, facts)


def test_metrics_are_billed_as_the_service_writes_them() -> None:
    answer = observation(cached=False, explain=False)
    assert len(metrics_of(answer)) == operating.ANSWER_METRICS
    other = replace(answer, stages={}, facts={})
    assert len(metrics_of(other)) == operating.OTHER_METRICS
    canary = replace(answer, stages={"rank": 1.0})
    assert len(metrics_of(canary)) == operating.CANARY_METRICS


def test_each_metric_is_billed_for_the_stage_and_for_its_route() -> None:
    written: list[str] = []
    EmfTelemetry("dev", written.append).record(observation(cached=False, explain=False))
    (directive,) = json.loads(written[0])["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["stage"], ["stage", "route"]]


def test_log_lines_are_billed_by_their_length() -> None:
    written: list[str] = []
    facts = {"strategy": "personal", "cached": False, "explain": False, "degraded": [], "user": "0" * 10}
    stages = ("state", "taste", "plan", "knn", "bm25", "candidates", "rank", "diversify", "reasons", "cache", "render")
    request = replace(observation(**facts), stages=dict.fromkeys(stages, 1.23))
    EmfTelemetry("prod", written.append).record(request)
    assert sum(map(len, written)) == pytest.approx(workload.SERVICE_LOG_BYTES, rel=0.2)
