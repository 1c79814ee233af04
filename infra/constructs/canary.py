"""The canary: a synthetic customer that calls the API every few minutes and reports the result to CloudWatch."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_synthetics as synthetics
from constructs import Construct

from infra.constructs.data import private_bucket
from infra.constructs.findings import account_in_findings, acknowledge, arn_in_findings
from infra.constructs.log_groups import log_group
from infra.settings import DeploymentSettings

FOLDER = Path(__file__).resolve().parents[1] / "canary"
# By name: the CDK's constants lag behind the service (CloudWatch user guide, "Runtime versions using Node.js").
RUNTIME = synthetics.Runtime("syn-nodejs-5.2", synthetics.RuntimeFamily.NODEJS)
EVERY_MIN = 5
ITEMS = 20
# Has no events: the response is the popular films, from the bundle.
STRANGER = "canary"
_FUNCTION_LOGS = "/aws/lambda/cwsyn-"


class Canary(Construct):
    """Canary, its role and its own bucket for reports, which Synthetics requires."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        url: str,
        key: secretsmanager.ISecret,
        logs: s3.IBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        self.reports = private_bucket(
            self,
            "Reports",
            cdk.RemovalPolicy.DESTROY,
            versioned=False,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(settings.log_days))],
            server_access_logs_bucket=logs,
            server_access_logs_prefix="s3/canary/",
        )
        self.role = self._role(settings.name)
        key.grant_read(self.role)
        self.canary = synthetics.Canary(
            self,
            "Canary",
            canary_name=settings.name,
            runtime=RUNTIME,
            test=synthetics.Test.custom(code=synthetics.Code.from_asset(str(FOLDER)), handler="canary.handler"),
            schedule=synthetics.Schedule.rate(cdk.Duration.minutes(EVERY_MIN)),
            timeout=cdk.Duration.minutes(1),
            role=self.role,
            artifacts_bucket_location=synthetics.ArtifactsBucketLocation(bucket=self.reports),
            environment_variables={
                "API_URL": url,
                "KEY_SECRET_ARN": key.secret_arn,
                "PERSON": settings.canary_person if settings.canary_deep else STRANGER,
                "ITEMS": str(ITEMS),
                "DEEP": "on" if settings.canary_deep else "off",
            },
            success_retention_period=cdk.Duration.days(settings.log_days),
            failure_retention_period=cdk.Duration.days(settings.log_days),
            provisioned_resource_cleanup=True,
        )
        # Synthetics names the canary's function like this. The role may not create the group: else the two would race
        # for it, and it would reappear after the stack is deleted.
        log_group(self, "Logs", settings, name=f"{_FUNCTION_LOGS}{settings.name}-{self.canary.canary_id}")

    @property
    def success_percent(self) -> cloudwatch.Metric:
        """Return the percentage of successful runs."""
        return self.canary.metric_success_percent()

    def _role(self, name: str) -> iam.Role:
        """Return the canary's role. Source: CloudWatch user guide, "Required roles and permissions for canaries"."""
        stack = cdk.Stack.of(self)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), description="The canary")

        def canary_logs(account: str) -> str:
            return f"arn:{stack.partition}:logs:{stack.region}:{account}:log-group:{_FUNCTION_LOGS}{name}-*"

        namespace = {"StringEquals": {"cloudwatch:namespace": "CloudWatchSynthetics"}}
        for actions, resources, conditions in (
            (["s3:PutObject"], [self.reports.arn_for_objects("*")], None),
            (["s3:GetBucketLocation"], [self.reports.bucket_arn], None),
            (["logs:CreateLogStream", "logs:PutLogEvents"], [canary_logs(stack.account)], None),
            (["s3:ListAllMyBuckets"], ["*"], None),
            (["cloudwatch:PutMetricData"], ["*"], namespace),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
        log_finding = canary_logs(account_in_findings(stack))
        acknowledge(
            role,
            {
                "AwsSolutions-IAM5[Resource::*]": "ListAllMyBuckets and PutMetricData have no resource-level "
                "permissions; the latter is limited to the namespace of canaries.",
                f"AwsSolutions-IAM5[Resource::{arn_in_findings(self.reports)}/*]": (
                    "Reports have the run's time in their names."
                ),
                f"AwsSolutions-IAM5[Resource::{log_finding}]": "Synthetics appends a random id to its name.",
            },
        )
        return role
