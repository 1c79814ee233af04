"""Alarms with the agreed thresholds and periods, all to one topic; a dashboard with every metric."""

import json
from dataclasses import replace

import pytest

from data_jobs.cost.deployment import ComputeKind, SearchKind
from data_jobs.cost.deployment import Deployment as CostedDeployment
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
    """The same for the service, from the lines that it writes for a request that triggers every metric."""
    lines: list[str] = []
    explained = {"wanted": 1, "model": 1, "input_tokens": 1, "output_tokens": 1, "usd": 0.1, "budget_pct": 1.0}
    facts = {
        "sentences": explained,
        "cached": False,
        "explain": True,
        "degraded": [f"{cause}: down" for cause in CAUSES],
    }
    observation = replace(SEEN, stages={**SEEN.stages, "retrieve": 1.0, "rank": 1.0}, facts=facts)
    EmfTelemetry("dev", lines.append).record(observation)
    written: dict[tuple[str, ...], set[str]] = {}
    for document in map(json.loads, lines):
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for dimensions in directive["Dimensions"]:
                names = {each["Name"] for each in directive["Metrics"]}
                written.setdefault(tuple(sorted(dimensions)), set()).update(names)
    return written


def metrics_in(alarm: dict) -> list[dict]:
    """The metrics of an alarm: its own, or those of its expression."""
    own = [alarm] if "MetricName" in alarm else []
    return own + [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]


def alarm(template: Template, name: str) -> dict:
    [properties] = [each for each in template.properties(ALARM) if each["AlarmName"].endswith(f"-{name}")]
    return properties


def body(template: Template) -> str:
    return text_of(template.one("AWS::CloudWatch::Dashboard")["DashboardBody"])


def test_every_alarm_is_on_a_published_metric_with_its_dimensions(app: Template) -> None:
    """A misspelt metric has no data and never raises the alarm."""
    published = {**PUBLISHED, "Marquee": written_by_the_service()}
    for properties in app.properties(ALARM):
        metrics = metrics_in(properties)
        assert metrics, properties["AlarmName"]
        for each in metrics:
            dimensions = tuple(sorted(part["Name"] for part in each["Dimensions"]))
            names = published[each["Namespace"]].get(dimensions, set())
            assert each["MetricName"] in names, f"{properties['AlarmName']}: {each['MetricName']} by {dimensions}"


def test_slow_answers_alarm_after_three_periods_of_five_minutes(dev: Deployment) -> None:
    properties = alarm(dev.app, "Latency")
    assert (properties["Threshold"], properties["ExtendedStatistic"], properties["Period"]) == (800, "p95", 300)
    assert (properties["EvaluationPeriods"], properties["DatapointsToAlarm"]) == (3, 3)
    assert (properties["Namespace"], properties["MetricName"]) == ("AWS/ApiGateway", "Latency")
    assert properties["ComparisonOperator"] == "GreaterThanThreshold"


def test_on_fargate_the_same_time_is_counted_in_seconds(fargate: Deployment) -> None:
    properties = alarm(fargate.app, "Latency")
    assert (properties["Threshold"], properties["ExtendedStatistic"], properties["Period"]) == (0.8, "p95", 300)
    assert properties["MetricName"] == "TargetResponseTime"


def test_more_than_two_errors_in_a_hundred_alarm(app: Template) -> None:
    properties = alarm(app, "ErrorRate")
    assert (properties["Threshold"], properties["ComparisonOperator"]) == (2, "GreaterThanThreshold")
    [rate] = [each for each in properties["Metrics"] if each.get("ReturnData", True)]
    # A load balancer without targets counts failures and no requests: that must alarm, too.
    assert rate["Expression"] == "100 * FILL(failures, 0) / IF(FILL(requests, 0) > 0, requests, 1)"
    assert properties["EvaluationPeriods"] == 1
    counted = {each["MetricStat"]["Metric"]["MetricName"] for each in properties["Metrics"] if "MetricStat" in each}
    assert counted in ({"5xx", "Count"}, {"HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"})
    assert {each["MetricStat"]["Period"] for each in properties["Metrics"] if "MetricStat" in each} == {300}


@pytest.mark.parametrize(("name", "metric"), [("LambdaErrors", "Errors"), ("LambdaThrottles", "Throttles")])
def test_the_function_s_errors_and_throttles_alarm(dev: Deployment, name: str, metric: str) -> None:
    properties = alarm(dev.app, name)
    assert (properties["MetricName"], properties["Threshold"], properties["Period"]) == (metric, 0, 300)
    assert properties["Statistic"] == "Sum"


def test_unhealthy_tasks_raise_an_alarm(fargate: Deployment) -> None:
    properties = alarm(fargate.app, "UnhealthyTasks")
    assert (properties["MetricName"], properties["Threshold"]) == ("UnHealthyHostCount", 0)


@pytest.mark.parametrize("table", ["Users", "Events", "RecCache"])
def test_throttles_of_each_table_alarm(app: Template, table: str) -> None:
    properties = alarm(app, f"{table}Throttles")
    # ThrottledRequests has no data for a table alone.
    metrics = [each["MetricStat"]["Metric"] for each in properties["Metrics"] if "MetricStat" in each]
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
    properties = alarm(request.getfixturevalue(stage).app, metric)
    assert properties["Threshold"] == pytest.approx(
        0.9 * getattr(load_settings(VARIANTS[stage], {}), f"{side}_ocu_max")
    )
    assert (properties["Namespace"], properties["MetricName"], properties["Statistic"]) == ("AWS/AOSS", metric, "Sum")
    assert properties["Dimensions"] == [{"Name": "ClientId", "Value": ACCOUNT}]
    # 15 points of a minute each: the metric is a sum per minute, so a longer period would add several of them.
    assert (properties["Period"], properties["EvaluationPeriods"], properties["DatapointsToAlarm"]) == (60, 15, 15)


def test_a_canary_that_fails_or_is_silent_alarms(app: Template) -> None:
    properties = alarm(app, "Canary")
    assert (properties["Namespace"], properties["MetricName"]) == ("CloudWatchSynthetics", "SuccessPercent")
    assert (properties["Threshold"], properties["ComparisonOperator"], properties["Period"]) == (
        100,
        "LessThanThreshold",
        300,
    )
    assert properties["TreatMissingData"] == "breaching"
    assert properties["EvaluationPeriods"] == 2
    assert properties["Dimensions"] == [{"Name": "CanaryName", "Value": {"Ref": next(iter(app.all(CANARY)))}}]


@pytest.mark.parametrize(
    ("name", "causes", "metric"),
    [("Search", ["search"], "Retrieval.BM25LatencyMs"), ("State", ["state"], "API.RPS"),
     ("Encoder", ["encoder"], "Retrieval.BM25LatencyMs"), ("Keys", ["keys", "quota"], "API.RPS")],
)  # fmt: skip
def test_degraded_responses_raise_an_alarm(prod: Deployment, name: str, causes: list[str], metric: str) -> None:
    properties = alarm(prod.app, f"Fallback{name}")
    assert (properties["Threshold"], properties["DatapointsToAlarm"], properties["EvaluationPeriods"]) == (10, 3, 5)
    metrics = [each["MetricStat"] for each in properties["Metrics"] if "MetricStat" in each]
    causes_of = [{each["Name"]: each["Value"] for each in part["Metric"]["Dimensions"]} for part in metrics
               if part["Metric"]["MetricName"] == "Fallback.Count"]  # fmt: skip
    assert sorted(each["cause"] for each in causes_of) == causes
    assert all(each["stage"] == "prod" for each in causes_of)
    [requests] = [part for part in metrics if part["Metric"]["MetricName"] != "Fallback.Count"]
    assert (requests["Metric"]["MetricName"], requests["Stat"]) == (metric, "SampleCount")


def test_every_cause_of_a_fallback_has_an_alarm() -> None:
    alarmed = {cause for causes, _ in FALLBACKS.values() for cause in causes}
    assert alarmed == CAUSES
    written = {
        name
        for name, _, _ in metrics_of(
            replace(SEEN, stages={**SEEN.stages, "retrieve": 1.0}, facts={"sentences": {"wanted": 1}})
        )
    }
    assert {asks for _, asks in FALLBACKS.values()} <= written


def test_without_opensearch_nothing_falls_back_from_it(embedded: Deployment, prod: Deployment) -> None:
    for name in ("FallbackSearch", "SearchErrors", "SearchOCU"):
        alarm(prod.app, name)
        assert not [each for each in embedded.app.properties(ALARM) if each["AlarmName"].endswith(f"-{name}")]


def test_errors_of_opensearch_alarm(searching: Template) -> None:
    properties = alarm(searching, "SearchErrors")
    assert (properties["Namespace"], properties["MetricName"], properties["Statistic"]) == ("AWS/AOSS", "5xx", "Sum")
    assert {each["Name"] for each in properties["Dimensions"]} == {"ClientId", "CollectionId", "CollectionName"}
    assert (properties["DatapointsToAlarm"], properties["EvaluationPeriods"]) == (3, 5)


@pytest.mark.parametrize(("name", "metric"), [("TaskCpu", "CPUUtilization"), ("TaskMemory", "MemoryUtilization")])
def test_busy_tasks_raise_an_alarm(fargate: Deployment, name: str, metric: str) -> None:
    properties = alarm(fargate.app, name)
    assert (properties["Namespace"], properties["MetricName"], properties["Threshold"]) == ("AWS/ECS", metric, 85)
    assert properties["DatapointsToAlarm"] == 3


def test_dead_letters_alarm(app: Template) -> None:
    properties = alarm(app, "DeadLetters")
    assert (properties["MetricName"], properties["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)


def test_every_alarm_notifies_the_topic_and_names_the_runbook(app: Template) -> None:
    [topic] = app.all("AWS::SNS::Topic")
    for properties in app.properties(ALARM):
        assert properties["AlarmActions"] == properties["OKActions"] == [{"Ref": topic}]
        assert "docs/operations.md" in properties["AlarmDescription"]


def test_no_traffic_is_no_alarm(app: Template) -> None:
    for properties in app.properties(ALARM):
        if not properties["AlarmName"].endswith("-Canary"):
            assert properties["TreatMissingData"] == "notBreaching"


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


def test_mail_goes_to_the_configured_address(dev: Deployment, domain: Deployment) -> None:
    assert not dev.app.all("AWS::SNS::Subscription")
    mail = domain.app.one("AWS::SNS::Subscription")
    assert (mail["Protocol"], mail["Endpoint"]) == ("email", "films@example.com")


@pytest.mark.parametrize(("stage", "dollars"), [("dev", 100), ("prod", 800)])
def test_the_month_has_a_budget_that_warns_before_it_is_spent(
    request: pytest.FixtureRequest, stage: str, dollars: int
) -> None:
    properties = request.getfixturevalue(stage).app.one("AWS::Budgets::Budget")
    assert properties["Budget"]["BudgetLimit"] == {"Amount": dollars, "Unit": "USD"}
    assert (properties["Budget"]["TimeUnit"], properties["Budget"]["BudgetType"]) == ("MONTHLY", "COST")
    thresholds = {each["Notification"]["NotificationType"]: each["Notification"]["Threshold"]
              for each in properties["NotificationsWithSubscribers"]}  # fmt: skip
    assert thresholds == {"ACTUAL": 80, "FORECASTED": 100}
    assert "AlarmsTopic" in text_of(properties["NotificationsWithSubscribers"])


def test_the_dashboard_shows_every_metric_that_the_service_writes(explained: Deployment) -> None:
    shown = body(explained.app).replace("\\", "")
    written = {dimensions: names for dimensions, names in written_by_the_service().items() if dimensions != ("stage",)}
    assert len(written) == 2
    for dimensions, names in written.items():
        [dimension] = set(dimensions) - {"stage"}
        for name in names:
            assert f'{{Marquee,stage,{dimension}}} MetricName="{name}"' in shown


def test_requests_per_second_are_a_sum_divided_by_the_period(dev: Deployment) -> None:
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
    template, settings = request.getfixturevalue(name).app, load_settings(VARIANTS[name], {})
    metrics = [sum("MetricStat" in part for part in each.get("Metrics", [{"MetricStat": 1}]))
               for each in template.properties(ALARM)]  # fmt: skip
    deployment = CostedDeployment(
        stage=settings.stage, compute=ComputeKind(settings.compute), search=SearchKind(settings.search)
    )
    [line] = [each for each in bill_of(deployment, load_prices("eu-west-1")).lines if each.what == "alarms"]
    assert line.units == sum(metrics)
