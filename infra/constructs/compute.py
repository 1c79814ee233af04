"""A common interface to the two ways of running the API: a role, an address, traffic, and what a release changes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from infra.constructs.api import ALIAS, Api
from infra.constructs.cdn import Cdn
from infra.constructs.data import Data
from infra.constructs.deployment_secrets import DeploymentSecrets
from infra.constructs.dns import hosted_zone, point_domain_at
from infra.constructs.fargate import FargateApi
from infra.constructs.findings import acknowledge, arn_in_findings
from infra.constructs.releases import ReleaseTarget
from infra.constructs.traffic import Traffic
from infra.settings import DeploymentSettings
from infra.stacks.edge import EdgeStack

# A region's endpoint for traces.
X_RAY = re.compile(r"https://xray\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|api\.aws)/?")


@dataclass(frozen=True, slots=True)
class Compute:
    """``role``: the role that the API runs with. ``url``: the public address of the API."""

    role: iam.Role
    url: str
    traffic: Traffic
    release: ReleaseTarget
    # Rolls a deployment back on alarms; None if the release state machine does that.
    roll_back_on: Callable[[Sequence[cloudwatch.Alarm]], None] | None = None
    # The service whose deployments ECS makes, and rolls back if they fail.
    service_arn: str | None = None
    # The API's own address behind the firewall, which accepts only CloudFront.
    origin_url: str | None = None
    # The image with the deployment's code; None if ECS takes it from the template.
    image: str | None = None


def on_lambda(
    scope: Construct,
    settings: DeploymentSettings,
    environment: dict[str, str],
    secrets: DeploymentSecrets,
    edge: EdgeStack,
) -> Compute:
    """Return function, HTTP API and CloudFront. The origin header is checked: the HTTP API's own address is public."""
    variables = environment | {"ORIGIN_SECRET_ARN": secrets.origin.secret_arn}
    api = Api(scope, "Api", settings, variables, secrets.origin)
    secrets.origin.grant_read(api.role)
    cdn = Cdn(
        scope, "Cdn", settings, api_domain=api.domain, acl_arn=edge.firewall.arn,
        certificate=edge.certificate, origin_header=secrets.origin_header(settings.origin_secret_version),
    )  # fmt: skip
    point_domain_at(scope, settings, targets.CloudFrontTarget(cdn.distribution))
    origin_url = f"https://{api.domain}"
    return Compute(api.role, cdn.url, api.traffic, _release_to_function(api), origin_url=origin_url, image=api.image)


def on_fargate(scope: Construct, settings: DeploymentSettings, environment: dict[str, str], data: Data) -> Compute:
    """Return service and load balancer, with its own firewall; the tasks follow the pointer in the bucket."""
    zone = hosted_zone(scope, settings)
    variables = environment | {"BUNDLE_BUCKET": data.bucket.bucket_name}
    api = FargateApi(scope, "Api", settings, environment=variables, zone=zone)
    data.allow_following(api.role)
    return Compute(api.role, api.url, api.traffic, ReleaseTarget(), api.roll_back_on, api.service.service.service_arn)


def allow_tracing(role: iam.Role, settings: DeploymentSettings) -> None:
    """Let the service send traces to AWS X-Ray, if the stage's settings name it.

    Source: Amazon CloudWatch user guide, "Exporting collector-less telemetry".
    """
    if not X_RAY.fullmatch(str(settings.service.get("otel_exporter_otlp_endpoint", ""))):
        return
    actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    role.add_to_policy(iam.PolicyStatement(actions=actions, resources=["*"]))
    acknowledge(role, {"AwsSolutions-IAM5[Resource::*]": "Writing to X-Ray has no resource-level permissions."})


def _release_to_function(api: Api) -> ReleaseTarget:
    function = api.function
    arn, versions = [function.function_arn], [f"{function.function_arn}:*"]
    agent = {
        "GetAlias": arn + versions, "GetFunction": arn + versions, "GetFunctionConfiguration": arn + versions,
        "UpdateAlias": arn + versions, "PublishVersion": arn, "UpdateFunctionCode": arn,
        # Single versions, which only the agent invokes.
        "InvokeFunction": versions,
    }  # fmt: skip
    # The job removes old versions, never the function.
    job = {"ListVersionsByFunction": arn, "GetAlias": arn + versions, "DeleteFunction": versions}
    finding = f"AwsSolutions-IAM5[Resource::{arn_in_findings(function)}:*]"
    return ReleaseTarget(
        needs_image=True,
        environment={"FUNCTION": function.function_name, "ALIAS": ALIAS},
        agent=_statements(agent),
        job=_statements(job),
        watched=("LambdaErrors",),
        wildcards={finding: "Every version of this function."},
    )


def _statements(allowed: dict[str, list[str]]) -> list[iam.PolicyStatement]:
    return [iam.PolicyStatement(actions=[f"lambda:{action}"], resources=arns) for action, arns in allowed.items()]
