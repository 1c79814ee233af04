"""Alarms, all to one topic, and the budget."""

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.constructs.canary import Canary
from infra.constructs.data import Data
from infra.constructs.explain import Explain
from infra.constructs.findings import acknowledge
from infra.constructs.jobs import Jobs
from infra.constructs.releases import ReleaseWorkflow
from infra.constructs.search import Search
from infra.constructs.traffic import Traffic
from infra.constructs.two_tower_endpoint import TwoTowerEndpoint
from infra.settings import DeploymentSettings

NAMESPACE = "Marquee"
PERIOD = cdk.Duration.minutes(5)
LATENCY_P95_MS = 800
ERROR_PERCENT = 2
LOAD_PERCENT = 85
# Share of the maximum capacity that the settings allow.
OCU_SHARE = 0.9
BUDGET_PERCENT = 80
# Percentage of the requests to a part that a fallback answered; in three of five periods, so that a collection that is
# waking up raises no alarm. By the alarm's name after "Fallback": the causes of Fallback.Count, and the metric that is
# written once per request to the part.
FALLBACK_PERCENT, OF_PERIODS, IN_PERIODS = 10, 5, 3
FALLBACKS = {
    "Search": (("search",), "Retrieval.BM25LatencyMs"),
    "State": (("state",), "API.RPS"),
    "Encoder": (("encoder",), "Retrieval.BM25LatencyMs"),
    "Keys": (("keys", "quota"), "API.RPS"),
    "Explain": (("explain",), "Explain.LatencyMs"),
    "TwoTower": (("retrieve",), "Retrieve.LatencyMs"),
}
# p95 of writing explanations, below their deadline of 6 s; share of a day's tokens.
EXPLAIN_P95_MS, TOKENS_PERCENT = 5_000, 90
# p95 of the two-tower model, below the 150 ms that a response waits for it.
TOWER_P95_MS = 100


class Alarms(Construct):
    """One alarm per symptom; no two overlap, so there is no composite alarm."""

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings, key: kms.Key) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True, display_name=settings.name)
        # Our own policy (TLS only) replaces the default one, which lets the account's alarms publish.
        of_account = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
        for service in ("cloudwatch", "budgets"):
            self.topic.grant_publish(iam.ServicePrincipal(f"{service}.amazonaws.com", conditions=of_account))
        if settings.alarm_mail:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.alarm_mail))
            acknowledge(self.topic, {"Serverless-SNSRedrivePolicy": "Email has no dead letters."})
        self.all: list[cloudwatch.Alarm] = []

    def named(self, name: str) -> cloudwatch.Alarm:
        """Return the alarm with this name, without the deployment's prefix."""
        alarm = self.node.find_child(name)
        assert isinstance(alarm, cloudwatch.Alarm)
        return alarm

    def watch_traffic(self, traffic: Traffic) -> None:
        """Watch for slow responses, errors, and an unhealthy compute."""
        p95 = traffic.latency.with_(statistic=cloudwatch.Stats.percentile(95), period=PERIOD)
        self._alarm("Latency", p95, LATENCY_P95_MS / traffic.unit_ms, "p95 latency is above 800 ms", points=3)
        rate = cloudwatch.MathExpression(
            # A load balancer without targets counts only failures, no requests.
            expression="100 * FILL(failures, 0) / IF(FILL(requests, 0) > 0, requests, 1)",
            using_metrics={"failures": traffic.failures, "requests": traffic.requests},
            label="responses of 500 and above, percent",
            period=PERIOD,
        )
        self._alarm("ErrorRate", rate, ERROR_PERCENT, "More than 2 % of the responses are server errors")
        for name, metric in traffic.health.items():
            self._alarm(name, metric.with_(period=PERIOD), 0, f"{name}: more than 0 in 5 minutes")
        for name, metric in traffic.load.items():
            self._alarm(
                name,
                metric.with_(period=PERIOD),
                LOAD_PERCENT,
                f"{name}: above {LOAD_PERCENT} % for 15 minutes",
                points=3,
            )

    def watch_data(self, data: Data) -> None:
        """Watch for throttled requests, table by table."""
        for name, table in data.tables.items():
            # ThrottledRequests is by table and operation; these two are by table.
            throttled = cloudwatch.MathExpression(
                expression="FILL(reads, 0) + FILL(writes, 0)",
                using_metrics={
                    "reads": _events(table.table_name, "ReadThrottleEvents"),
                    "writes": _events(table.table_name, "WriteThrottleEvents"),
                },
                label="throttled reads and writes",
                period=PERIOD,
            )
            title = name.title().replace("_", "")
            self._alarm(f"{title}Throttles", throttled, 0, f"DynamoDB throttles the table {name}")

    def watch_fallbacks(self) -> None:
        """Watch for degraded responses: they are no errors, so nothing else would show them."""
        for name, (causes, requests) in FALLBACKS.items():
            if name == "Search" and self._settings.search != "opensearch":
                continue
            if name == "Explain" and self._settings.explain_model is None:
                continue
            if name == "TwoTower" and self._settings.two_tower == "off":
                continue
            counts = {cause: self._service("Fallback.Count", cause=cause) for cause in causes}
            missed = "+".join(f"FILL({cause}, 0)" for cause in causes)
            # If a failing part writes no metric of its own, at least the failures count as requests to it.
            total = f"IF(FILL(asked, 0) > ({missed}), asked, IF(({missed}) > 0, {missed}, 1))"
            share = cloudwatch.MathExpression(
                expression=f"100 * ({missed}) / ({total})",
                using_metrics={**counts, "asked": self._service(requests, statistic="SampleCount")},
                label="answered by a fallback, percent",
                period=PERIOD,
            )
            description = f"More than {FALLBACK_PERCENT} % of the requests that need {' or '.join(causes)} do without"
            self._alarm(
                f"Fallback{name}", share, FALLBACK_PERCENT, description, points=OF_PERIODS, breaching=IN_PERIODS
            )

    def _service(self, metric: str, statistic: str = "Sum", **dimension: str) -> cloudwatch.Metric:
        """Return a metric that the service writes (services/api/app/observability/emf.py)."""
        return cloudwatch.Metric(
            namespace=NAMESPACE, metric_name=metric, dimensions_map={"stage": self._settings.stage, **dimension},
            statistic=statistic, period=PERIOD,
        )  # fmt: skip

    def watch_search(self, search: Search) -> None:
        """Watch for failed requests, and for capacity near its maximum for 15 minutes, searching and indexing."""
        failures = search.of_collection("5xx").with_(period=PERIOD)
        self._alarm("SearchErrors", failures, 0, "OpenSearch returns server errors", points=5, breaching=3)
        maxima = {"SearchOCU": self._settings.search_ocu_max, "IndexingOCU": self._settings.indexing_ocu_max}
        for name, most in maxima.items():
            self._alarm(
                name, search.capacity(name), OCU_SHARE * most, f"{name} is near its maximum of {most}", points=15
            )

    def watch_explain(self, explain: Explain) -> None:
        """Watch for a throttled or slow model, and for a nearly exhausted daily token limit."""
        throttled = explain.metric("InvocationThrottles", "Sum").with_(period=PERIOD)
        self._alarm("ExplainThrottles", throttled, 0, "Bedrock throttles the model of the explanations", points=3)
        slow = self._service("Explain.LatencyMs", statistic=cloudwatch.Stats.percentile(95))
        description = f"p95 of writing explanations is above {EXPLAIN_P95_MS} ms"
        self._alarm("ExplainLatency", slow, EXPLAIN_P95_MS, description, points=3)
        used = self._service("Explain.BudgetPct", statistic="Maximum")
        description = f"More than {TOKENS_PERCENT} % of the day's tokens are used; after them the template writes"
        self._alarm("ExplainBudget", used, TOKENS_PERCENT, description)

    def watch_towers(self, towers: TwoTowerEndpoint) -> None:
        """Watch for an endpoint that is slow, fails, or gets more requests than it can take."""
        latency = towers.metric("ModelLatency", cloudwatch.Stats.percentile(95)).with_(period=PERIOD)
        description = f"p95 of the two-tower model is above {TOWER_P95_MS} ms"
        self._alarm("TwoTowerLatency", latency, 1_000 * TOWER_P95_MS, description, points=3)
        failures = towers.metric("Invocation5XXErrors", "Sum").with_(period=PERIOD)
        self._alarm("TwoTowerErrors", failures, 0, "The two-tower model fails", points=3)
        # SageMaker counts throttled calls among the caller's errors.
        refused = towers.metric("Invocation4XXErrors", "Sum").with_(period=PERIOD)
        self._alarm("TwoTowerThrottles", refused, 0, "The two-tower endpoint throttles or refuses calls", points=3)

    def watch_canary(self, canary: Canary) -> None:
        """Watch for two consecutive runs that failed or are missing."""
        self._alarm(
            "Canary", canary.success_percent.with_(period=PERIOD, statistic="Average"), 100,
            "A customer would not get recommendations", points=2,
            operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )  # fmt: skip

    def watch_releases(self, releases: ReleaseWorkflow, jobs: Jobs) -> None:
        """Watch for starts that failed after all retries, and for deployments, releases and rollbacks that failed or
        were stopped.
        """
        letters = jobs.dead_letters.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum")
        self._alarm("DeadLetters", letters, 0, "A release could not be started, or its failure not be reported")
        status, execution, error = (
            events.EventField.from_path(f"$.detail.{name}") for name in ("status", "executionArn", "error")
        )
        message = events.RuleTargetInput.from_text(
            f"A release of {self._settings.name} ended as {status} ({error}): {execution}. What to do: "
            "docs/operations.md"
        )
        events.Rule(
            self,
            "ReleaseFailed",
            description="Releases that failed or were stopped",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [releases.machine.state_machine_arn],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            ),
            targets=[targets.SnsTopic(self.topic, message=message, dead_letter_queue=jobs.dead_letters)],
        )

    def watch_deployments(self, service_arn: str, jobs: Jobs) -> None:
        """Watch for deployments that ECS rolled back, which the stack may not show. Source: Amazon ECS developer
        guide, "Amazon ECS service deployment state change events".
        """
        reason = events.EventField.from_path("$.detail.reason")
        message = events.RuleTargetInput.from_text(
            f"A deployment of {self._settings.name} failed, and ECS rolled it back: {reason} What to do: "
            "docs/operations.md"
        )
        events.Rule(
            self,
            "DeploymentFailed",
            description="Deployments that ECS rolled back",
            event_pattern=events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Deployment State Change"],
                resources=[service_arn],
                detail={"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            ),
            targets=[targets.SnsTopic(self.topic, message=message, dead_letter_queue=jobs.dead_letters)],
        )

    def watch_budget(self) -> None:
        """Watch the account's month: 80 % spent, or all of it by forecast. Source: AWS Budgets user guide."""
        topic = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=self.topic.topic_arn)
        budgets.CfnBudget(
            self,
            "Budget",
            # Not by tag: until cost allocation tags are activated, such a budget sees nothing.
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=self._settings.monthly_budget_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN", notification_type=kind, threshold=percent
                    ),
                    subscribers=[topic],
                )
                for kind, percent in (("ACTUAL", BUDGET_PERCENT), ("FORECASTED", 100))
            ],
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        description: str,
        *,
        points: int = 1,
        breaching: int | None = None,
        operator: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._settings.name}-{name}",
            alarm_description=f"{description}. What to do: docs/operations.md",
            metric=metric,
            threshold=threshold,
            evaluation_periods=points,
            datapoints_to_alarm=breaching or points,
            comparison_operator=operator,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))
        self.all.append(alarm)


def _events(table: str, metric: str) -> cloudwatch.Metric:
    """Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions"."""
    return cloudwatch.Metric(
        namespace="AWS/DynamoDB", metric_name=metric, dimensions_map={"TableName": table}, statistic="Sum",
        period=PERIOD,
    )  # fmt: skip
