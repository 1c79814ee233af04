"""Alarms with the thresholds and periods that were agreed on, all to one topic; a dashboard with every metric."""

import json
from dataclasses import replace

import pytest

from data_jobs.cost.deployment import ComputeKind, SearchKind
from data_jobs.cost.deployment import Deployment as Deployment_
from data_jobs.cost.monthly_bill import bill_of
from data_jobs.cost.prices import load_prices
from infra.constructs.alarms import FALLBACKS
from infra.settings import load_settings
from infra.variants import VARIANTS
from services.api.app.context import Observation
from services.api.app.observability.emf import CAUSES, EmfTelemetry, metrics_of
from tests.infra.templates import ACCOUNT, Deployment, Template, as_list, text_of

ALARM = "AWS::CloudWatch::Alarm"
CANARY = "AWS::Synthetics::Canary"
SEEN = Observation("0" * 32, "POST", "/recommend", 200, 1.0, None, {"knn": 1.0, "bm25": 1.0}, {})
METRICS = (
    "API.LatencyMs", "API.ErrorRate", "API.RPS", "Retrieval.KNNLatencyMs", "Retrieval.BM25LatencyMs",
    "RankerLatencyMs", "Cache.HitRatio", "Explain.UsagePct", "Fallback.Count",
)  # fmt: skip


# Metrics by namespace, each with the dimensions it is published by. Sources: the pages about metrics of API Gateway
# (HTTP APIs), Lambda, DynamoDB, OpenSearch Serverless, Bedrock, SageMaker, Synthetics, SQS, Application Load Balancers,
# ECS.
PUBLISHED = {
    "AWS/ApiGateway": {("ApiId",): {"4xx", "5xx", "Count", "IntegrationLatency", "Latency"}},
    "AWS/Lambda": {("FunctionName",): {"Duration", "Errors", "Invocations", "Throttles"}},
    "AWS/DynamoDB": {("TableName",): {"ReadThrottleEvents", "WriteThrottleEvents"}},
    "AWS/AOSS": {("ClientId",): {"IndexingOCU", "SearchOCU"}, ("ClientId", "CollectionId", "CollectionName"): {"5xx"}},
    "AWS/Bedrock": {("ModelId",): {"InvocationThrottles"}},
    "AWS/SageMaker": {
        ("EndpointName", "VariantName"): {"Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency"},
    },
    "CloudWatchSynthetics": {("CanaryName",): {"SuccessPercent"}},
    "AWS/SQS": {("QueueName",): {"ApproximateNumberOfMessagesVisible"}},
    "AWS/ApplicationELB": {
        ("LoadBalancer",): {
            "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count", "RequestCount", "TargetResponseTime",
        },
        ("LoadBalancer", "TargetGroup"): {"UnHealthyHostCount"},
    },
    "AWS/ECS": {("ClusterName", "ServiceName"): {"CPUUtilization", "MemoryUtilization"}},
}  # fmt: skip


def written_by_the_service() -> dict[tuple[str, ...], set[str]]:
    """The same of the service, out of the lines that it writes for a request in which everything happens."""
    lines: list[str] = []
    told = {"wanted": 1, "model": 1, "input_tokens": 1, "output_tokens": 1, "usd": 0.1, "budget_pct": 1.0}
    facts = {"told": told, "cached": False, "explain": True, "degraded": [f"{cause}: down" for cause in CAUSES]}
    seen = replace(SEEN, stages={**SEEN.stages, "retrieve": 1.0, "rank": 1.0}, facts=facts)
    EmfTelemetry("dev", lines.append).record(seen)
    written: dict[tuple[str, ...], set[str]] = {}
    for document in map(json.loads, lines):
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for dimensions in directive["Dimensions"]:
                names = {each["Name"] for each in directive["Metrics"]}
                written.setdefault(tuple(sorted(dimensions)), set()).update(names)
    return written


def metrics_in(found: dict) -> list[dict]:
    """The metrics of an alarm: its own, or those of its expression."""
    own = [found] if "MetricName" in found else []
    return own + [each["MetricStat"]["Metric"] for each in found.get("Metrics", ()) if "MetricStat" in each]


def alarm(template: Template, name: str) -> dict:
    [found] = [each for each in template.properties(ALARM) if each["AlarmName"].endswith(f"-{name}")]
    return found


def body(template: Template) -> str:
    return text_of(template.one("AWS::CloudWatch::Dashboard")["DashboardBody"])


def test_every_alarm_is_on_metrics_that_somebody_publishes_by_these_dimensions(app: Template) -> None:
    """A misspelt one has no data, which is no alarm: it would be calm for ever."""
    published = {**PUBLISHED, "Marquee": written_by_the_service()}
    for found in app.properties(ALARM):
        metrics = metrics_in(found)
        assert metrics, found["AlarmName"]
        for each in metrics:
            dimensions = tuple(sorted(part["Name"] for part in each["Dimensions"]))
            names = published[each["Namespace"]].get(dimensions, set())
            assert each["MetricName"] in names, f"{found['AlarmName']}: {each['MetricName']} by {dimensions}"


def test_slow_answers_alarm_after_three_periods_of_five_minutes(dev: Deployment) -> None:
    found = alarm(dev.app, "Latency")
    assert (found["Threshold"], found["ExtendedStatistic"], found["Period"]) == (800, "p95", 300)
    assert (found["EvaluationPeriods"], found["DatapointsToAlarm"]) == (3, 3)
    assert (found["Namespace"], found["MetricName"]) == ("AWS/ApiGateway", "Latency")
    assert found["ComparisonOperator"] == "GreaterThanThreshold"


def test_on_fargate_the_same_time_is_counted_in_seconds(fargate: Deployment) -> None:
    found = alarm(fargate.app, "Latency")
    assert (found["Threshold"], found["ExtendedStatistic"], found["Period"]) == (0.8, "p95", 300)
    assert found["MetricName"] == "TargetResponseTime"


def test_more_than_two_errors_in_a_hundred_alarm(app: Template) -> None:
    found = alarm(app, "ErrorRate")
    assert (found["Threshold"], found["ComparisonOperator"]) == (2, "GreaterThanThreshold")
    [rate] = [each for each in found["Metrics"] if each.get("ReturnData", True)]
    # A load balancer without targets counts failures and no requests: that must alarm, too.
    assert rate["Expression"] == "100 * FILL(failures, 0) / IF(FILL(requests, 0) > 0, requests, 1)"
    assert found["EvaluationPeriods"] == 1
    counted = {each["MetricStat"]["Metric"]["MetricName"] for each in found["Metrics"] if "MetricStat" in each}
    assert counted in ({"5xx", "Count"}, {"HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"})
    assert {each["MetricStat"]["Period"] for each in found["Metrics"] if "MetricStat" in each} == {300}


@pytest.mark.parametrize(("name", "metric"), [("LambdaErrors", "Errors"), ("LambdaThrottles", "Throttles")])
def test_the_function_s_errors_and_throttles_alarm(dev: Deployment, name: str, metric: str) -> None:
    found = alarm(dev.app, name)
    assert (found["MetricName"], found["Threshold"], found["Period"]) == (metric, 0, 300)
    assert found["Statistic"] == "Sum"


def test_tasks_that_are_not_well_alarm(fargate: Deployment) -> None:
    found = alarm(fargate.app, "UnhealthyTasks")
    assert (found["MetricName"], found["Threshold"]) == ("UnHealthyHostCount", 0)


@pytest.mark.parametrize("table", ["Users", "Events", "RecCache"])
def test_throttles_of_each_table_alarm(app: Template, table: str) -> None:
    found = alarm(app, f"{table}Throttles")
    # ThrottledRequests has no data for a table alone.
    metrics = [each["MetricStat"]["Metric"] for each in found["Metrics"] if "MetricStat" in each]
    assert {(each["Namespace"], each["MetricName"]) for each in metrics} == {
        ("AWS/DynamoDB", "ReadThrottleEvents"), ("AWS/DynamoDB", "WriteThrottleEvents"),
    }  # fmt: skip
    for each in metrics:
        [dimension] = each["Dimensions"]
        assert dimension["Name"] == "TableName"
        assert dimension["Value"]["Ref"].startswith(f"Data{table}")


@pytest.mark.parametrize("stage", ["classic", "prod"])
@pytest.mark.parametrize(("metric", "side"), [("SearchOCU", "search"), ("IndexingOCU", "indexing")])
def test_capacity_near_its_maximum_alarms(request: pytest.FixtureRequest, stage: str, metric: str, side: str) -> None:
    found = alarm(request.getfixturevalue(stage).app, metric)
    assert found["Threshold"] == pytest.approx(0.9 * getattr(load_settings(VARIANTS[stage], {}), f"{side}_ocu_max"))
    assert (found["Namespace"], found["MetricName"], found["Statistic"]) == ("AWS/AOSS", metric, "Sum")
    assert found["Dimensions"] == [{"Name": "ClientId", "Value": ACCOUNT}]
    # A quarter of an hour, a point a minute: summed over more, a minute's sum would count several times.
    assert (found["Period"], found["EvaluationPeriods"], found["DatapointsToAlarm"]) == (60, 15, 15)


def test_a_canary_that_fails_or_is_silent_alarms(app: Template) -> None:
    found = alarm(app, "Canary")
    assert (found["Namespace"], found["MetricName"]) == ("CloudWatchSynthetics", "SuccessPercent")
    assert (found["Threshold"], found["ComparisonOperator"], found["Period"]) == (100, "LessThanThreshold", 300)
    assert found["TreatMissingData"] == "breaching"
    assert found["EvaluationPeriods"] == 2
    assert found["Dimensions"] == [{"Name": "CanaryName", "Value": {"Ref": next(iter(app.all(CANARY)))}}]


@pytest.mark.parametrize(
    ("name", "causes", "asks"),
    [("Search", ["search"], "Retrieval.BM25LatencyMs"), ("State", ["state"], "API.RPS"),
     ("Encoder", ["encoder"], "Retrieval.BM25LatencyMs"), ("Keys", ["keys", "quota"], "API.RPS")],
)  # fmt: skip
def test_answers_that_go_on_without_a_part_alarm(prod: Deployment, name: str, causes: list[str], asks: str) -> None:
    found = alarm(prod.app, f"Fallback{name}")
    assert (found["Threshold"], found["DatapointsToAlarm"], found["EvaluationPeriods"]) == (10, 3, 5)
    metrics = [each["MetricStat"] for each in found["Metrics"] if "MetricStat" in each]
    counted = [{each["Name"]: each["Value"] for each in part["Metric"]["Dimensions"]} for part in metrics
               if part["Metric"]["MetricName"] == "Fallback.Count"]  # fmt: skip
    assert sorted(each["cause"] for each in counted) == causes
    assert all(each["stage"] == "prod" for each in counted)
    [asked] = [part for part in metrics if part["Metric"]["MetricName"] != "Fallback.Count"]
    assert (asked["Metric"]["MetricName"], asked["Stat"]) == (asks, "SampleCount")


def test_every_cause_of_a_fallback_alarms_but_what_nobody_names() -> None:
    alarmed = {cause for causes, _ in FALLBACKS.values() for cause in causes}
    assert alarmed == CAUSES
    written = {
        name
        for name, _, _ in metrics_of(
            replace(SEEN, stages={**SEEN.stages, "retrieve": 1.0}, facts={"told": {"wanted": 1}})
        )
    }
    assert {asks for _, asks in FALLBACKS.values()} <= written


def test_without_opensearch_nothing_falls_back_from_it(embedded: Deployment, prod: Deployment) -> None:
    for name in ("FallbackSearch", "SearchErrors", "SearchOCU"):
        alarm(prod.app, name)
        assert not [each for each in embedded.app.properties(ALARM) if each["AlarmName"].endswith(f"-{name}")]


def test_errors_of_opensearch_alarm(searching: Template) -> None:
    found = alarm(searching, "SearchErrors")
    assert (found["Namespace"], found["MetricName"], found["Statistic"]) == ("AWS/AOSS", "5xx", "Sum")
    assert {each["Name"] for each in found["Dimensions"]} == {"ClientId", "CollectionId", "CollectionName"}
    assert (found["DatapointsToAlarm"], found["EvaluationPeriods"]) == (3, 5)


@pytest.mark.parametrize(("name", "metric"), [("TaskCpu", "CPUUtilization"), ("TaskMemory", "MemoryUtilization")])
def test_tasks_that_are_full_alarm(fargate: Deployment, name: str, metric: str) -> None:
    found = alarm(fargate.app, name)
    assert (found["Namespace"], found["MetricName"], found["Threshold"]) == ("AWS/ECS", metric, 85)
    assert found["DatapointsToAlarm"] == 3


def test_dead_letters_alarm(app: Template) -> None:
    found = alarm(app, "DeadLetters")
    assert (found["MetricName"], found["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)


def test_every_alarm_tells_the_topic_when_it_comes_and_goes_and_where_to_read_on(app: Template) -> None:
    [topic] = app.all("AWS::SNS::Topic")
    for found in app.properties(ALARM):
        assert found["AlarmActions"] == found["OKActions"] == [{"Ref": topic}]
        assert "docs/operations.md" in found["AlarmDescription"]


def test_no_traffic_is_no_alarm(app: Template) -> None:
    for found in app.properties(ALARM):
        if not found["AlarmName"].endswith("-Canary"):
            assert found["TreatMissingData"] == "notBreaching"


def test_the_topic_is_encrypted_by_a_key_that_its_senders_may_use(app: Template) -> None:
    assert "OperationsKey" in text_of(app.one("AWS::SNS::Topic")["KmsMasterKeyId"])
    key = app.one("AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True
    allowed = text_of(key["KeyPolicy"])
    senders = [service for service in ("cloudwatch", "budgets", "events") if f"{service}.amazonaws.com" in allowed]
    assert len(senders) == 3


def test_alarms_and_the_budget_of_this_account_may_publish_and_nobody_without_tls(app: Template) -> None:
    statements = app.one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    allowed = [each for each in statements if each["Effect"] == "Allow"]
    publishers = {service: each for each in allowed for service in as_list(each["Principal"]["Service"])}
    assert set(publishers) == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com", "events.amazonaws.com"}
    for service in ("cloudwatch", "budgets"):
        condition = publishers[f"{service}.amazonaws.com"]["Condition"]
        assert condition == {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    assert any(each["Effect"] == "Deny" and "aws:SecureTransport" in text_of(each) for each in statements)


def test_mail_goes_to_whom_it_was_asked_for(dev: Deployment, domain: Deployment) -> None:
    assert not dev.app.all("AWS::SNS::Subscription")
    mail = domain.app.one("AWS::SNS::Subscription")
    assert (mail["Protocol"], mail["Endpoint"]) == ("email", "films@example.com")


@pytest.mark.parametrize(("stage", "dollars"), [("dev", 100), ("prod", 800)])
def test_the_month_has_a_budget_that_warns_before_it_is_spent(
    request: pytest.FixtureRequest, stage: str, dollars: int
) -> None:
    found = request.getfixturevalue(stage).app.one("AWS::Budgets::Budget")
    assert found["Budget"]["BudgetLimit"] == {"Amount": dollars, "Unit": "USD"}
    assert (found["Budget"]["TimeUnit"], found["Budget"]["BudgetType"]) == ("MONTHLY", "COST")
    warned = {each["Notification"]["NotificationType"]: each["Notification"]["Threshold"]
              for each in found["NotificationsWithSubscribers"]}  # fmt: skip
    assert warned == {"ACTUAL": 80, "FORECASTED": 100}
    assert "AlarmsTopic" in text_of(found["NotificationsWithSubscribers"])


@pytest.mark.parametrize("metric", METRICS)
def test_the_dashboard_shows_every_metric_of_the_service(dev: Deployment, metric: str) -> None:
    assert f"{metric} (" in body(dev.app)
    dimension = "cause" if metric == "Fallback.Count" else "route"
    assert f"{{Marquee,stage,{dimension}}}" in body(dev.app)


def test_requests_a_second_are_requests_by_the_seconds_of_a_period(dev: Deployment) -> None:
    assert "'Sum', 300) / 300" in body(dev.app)


def test_the_dashboard_shows_what_the_platform_counts_and_every_alarm(app: Template) -> None:
    shown = body(app)
    assert all(metric in shown for metric in ("ConsumedReadCapacityUnits", "SuccessPercent"))
    searched = bool(app.all("AWS::OpenSearchServerless::Collection"))
    assert ("SearchOCU" in shown, "IndexingOCU" in shown) == (searched, searched)
    for name in app.all(ALARM):
        assert name in shown


@pytest.mark.parametrize("name", ["dev", "prod", "fargate", "embedded"])
def test_alarms_are_billed_by_the_metric_as_they_are_deployed(request: pytest.FixtureRequest, name: str) -> None:
    made, asked = request.getfixturevalue(name).app, load_settings(VARIANTS[name], {})
    metrics = [sum("MetricStat" in part for part in each.get("Metrics", [{"MetricStat": 1}]))
               for each in made.properties(ALARM)]  # fmt: skip
    billed = Deployment_(stage=asked.stage, compute=ComputeKind(asked.compute), search=SearchKind(asked.search))
    [line] = [each for each in bill_of(billed, load_prices("eu-west-1")).lines if each.what == "alarms"]
    assert line.units == sum(metrics)
