"""The dashboard: the service's metrics, the platform's, and the alarms."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.alarms import LATENCY_P95_MS, NAMESPACE
from infra.constructs.canary import Canary
from infra.constructs.data import Data
from infra.constructs.search import Search
from infra.constructs.traffic import Traffic
from infra.settings import DeploymentSettings

WIDTH = 8
PERIOD_S = 300
PERIOD = cdk.Duration.seconds(PERIOD_S)
# Metric, statistic, dimension besides the stage; requests per second are their sum divided by the period's seconds.
SERVICE_METRICS = (
    ("API.LatencyMs", "p95", "route"),
    ("API.RPS", "Sum", "route"),
    ("API.ErrorRate", "Average", "route"),
    ("Retrieval.KNNLatencyMs", "p95", "route"),
    ("Retrieval.BM25LatencyMs", "p95", "route"),
    ("RankerLatencyMs", "p95", "route"),
    ("Cache.HitRatio", "Average", "route"),
    ("Explain.UsagePct", "Average", "route"),
    ("Fallback.Count", "Sum", "cause"),
)
# Written only if a model writes explanations; those in tokens or dollars only if it was called.
EXPLAIN_METRICS = (
    ("Explain.LatencyMs", "p95", "route"),
    ("Explain.TemplatePct", "Average", "route"),
    ("Explain.CachedPct", "Average", "route"),
    ("Explain.InputTokens", "Sum", "route"),
    ("Explain.OutputTokens", "Sum", "route"),
    ("Explain.CostUsd", "Sum", "route"),
    ("Explain.BudgetPct", "Maximum", "route"),
)
# Written only if the two-tower model is called.
TOWER_METRICS = (("Retrieve.LatencyMs", "p95", "route"),)


class Dashboard(Construct):
    """Rows of three graphs: the service's metrics, the platform's, and the state of the alarms."""

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        self._stage = settings.stage
        self.board = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=settings.name, default_interval=cdk.Duration.hours(24)
        )
        self._add([self._service_graph(*metric) for metric in SERVICE_METRICS])
        if settings.explain_model is not None:
            self._add([self._service_graph(*metric) for metric in EXPLAIN_METRICS])
        if settings.two_tower != "off":
            self._add([self._service_graph(*metric) for metric in TOWER_METRICS])

    def add_platform(self, traffic: Traffic, data: Data, search: Search | None, canary: Canary) -> None:
        """Add what AWS counts: traffic, compute, tables, search, canary."""
        latency = [traffic.latency.with_(statistic=statistic, period=PERIOD) for statistic in ("p50", "p95", "p99")]
        limit = cloudwatch.HorizontalAnnotation(value=LATENCY_P95_MS / traffic.unit_ms, label="alarm, p95")
        consumed = [
            table.metric_consumed_read_capacity_units(label=f"{name} read", period=PERIOD)
            for name, table in data.tables.items()
        ] + [
            table.metric_consumed_write_capacity_units(label=f"{name} write", period=PERIOD)
            for name, table in data.tables.items()
        ]
        capacity = [_graph("OpenSearch: OCU", *map(search.capacity, ("SearchOCU", "IndexingOCU")))] if search else []
        self._add([
            cloudwatch.GraphWidget(title="Responses: latency", left=latency, left_annotations=[limit], width=WIDTH),
            _graph("Responses: requests, failures", traffic.requests, traffic.failures),
            _graph("Compute", *(metric.with_(period=PERIOD) for metric in traffic.health.values())),
            _graph("DynamoDB: capacity used", *consumed),
            *capacity,
            _graph("Canary: success, percent", canary.success_percent),
        ])  # fmt: skip

    def add_alarms(self, alarms: list[cloudwatch.Alarm]) -> None:
        """Add the state of the alarms."""
        self.board.add_widgets(cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms, width=3 * WIDTH))

    def _service_graph(self, name: str, statistic: str, dimension: str) -> cloudwatch.GraphWidget:
        """Return a graph with one line per route or cause. By search expression, since the service decides
        which exist.
        """
        metrics = f'{{{NAMESPACE},stage,{dimension}}} MetricName="{name}" stage="{self._stage}"'
        search = f"SEARCH('{metrics}', '{statistic}', {PERIOD_S})"
        if name.endswith("RPS"):
            search = f"{search} / {PERIOD_S}"
        expression = cloudwatch.MathExpression(expression=search, using_metrics={}, label="", period=PERIOD)
        return _graph(f"{name} ({statistic})", expression)

    def _add(self, widgets: list[cloudwatch.GraphWidget]) -> None:
        for start in range(0, len(widgets), 3):
            self.board.add_widgets(*widgets[start : start + 3])


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=WIDTH)
