"""The two-tower model behind a SageMaker endpoint: model, configuration, endpoint, and the permissions to call it.

A deployment deploys the archive of the released bundle, fetched by `infra/release/fetch.sh`, or one without a model
before the first release; a release deploys its own model through the release agent
(infra/release/agent/model_endpoint.py).

Sources: Amazon SageMaker AI developer guide, "Deploy models with Amazon SageMaker Serverless Inference", "Deployment
guardrails", "CreateModel API: execution role permissions"; AWS Deep Learning Containers, "Available images".
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from data_jobs.two_tower.archive import ARCHIVE, empty_archive
from infra.constructs.data import TOWERS, Data
from infra.constructs.findings import acknowledge, arn_in_findings, in_findings
from infra.constructs.image import ROOT
from infra.constructs.log_groups import log_group
from infra.settings import DeploymentSettings

VARIANT = "towers"
IMAGE = "pytorch-inference"
IMAGE_TAG = "2.6.0-cpu-py312-ubuntu22.04-sagemaker"
# The account that owns the containers in most regions, and the regions with an account of their own.
_ACCOUNT = "763104351884"
_ACCOUNTS = {
    "af-south-1": "626614931356", "ap-east-1": "871362719292", "ap-south-2": "772153158452",
    "ap-southeast-3": "907027046896", "ap-southeast-4": "457447274322", "ca-west-1": "204538143572",
    "eu-central-2": "380420809688", "eu-south-1": "692866216735", "eu-south-2": "503227376785",
    "il-central-1": "780543022126", "me-central-1": "914824155844", "me-south-1": "217643126080",
}  # fmt: skip
MEMORY_MB, MAX_CONCURRENCY = 3_072, 5
_ENDPOINT_LOGS = "/aws/sagemaker/Endpoints/"
# What SageMaker needs to encrypt an endpoint's volumes on behalf of the role that configures or runs it.
_ENCRYPT = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
# For an endpoint of instances: the percentage of requests that a new model gets first, and for how long.
CANARY_PERCENT, BAKE_S = 10, 600
# The alarms that roll a new model back.
ROLL_BACK_ON = ("TwoTowerErrors", "TwoTowerLatency")


class TwoTowerEndpoint(Construct):
    """``settings.two_tower``: "serverless" costs nothing while idle and takes seconds to wake up, during which the
    bundle answers; "instance" is always awake.
    """

    def __init__(
        self, scope: Construct, construct_id: str, settings: DeploymentSettings, *, data: Data, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._data = data
        self._key = key
        self.name = f"{settings.name}-two-tower"
        self._archive = s3_assets.Asset(self, "Archive", path=str(self._archive_path()))
        self.role = self._role()
        model = sagemaker.CfnModel(
            self, "Model", execution_role_arn=self.role.role_arn, enable_network_isolation=self._on_instances,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=self.image, model_data_url=self._archive.s3_object_url, environment=dict(container_environment())
            ),
        )  # fmt: skip
        model.node.add_dependency(self.role)
        config = sagemaker.CfnEndpointConfig(
            self, "Config", production_variants=[self._variant(model.attr_model_name)],
            kms_key_id=key.key_arn,
        )  # fmt: skip
        self.endpoint = sagemaker.CfnEndpoint(
            self, "Endpoint", endpoint_name=self.name, endpoint_config_name=config.attr_endpoint_config_name,
            deployment_config=self._guardrails() if self._on_instances else None,
        )  # fmt: skip
        # SageMaker names the group like this. The role may not create it: else its events would be kept for ever.
        self.endpoint.node.add_dependency(log_group(self, "Logs", settings, name=f"{_ENDPOINT_LOGS}{self.name}"))

    @property
    def _on_instances(self) -> bool:
        return self._settings.two_tower == "instance"

    @property
    def image(self) -> str:
        """Return AWS's PyTorch container for this region."""
        stack, region = cdk.Stack.of(self), self._settings.region
        return f"{_ACCOUNTS.get(region, _ACCOUNT)}.dkr.ecr.{region}.{stack.url_suffix}/{IMAGE}:{IMAGE_TAG}"

    @property
    def arn(self) -> str:
        """Return the endpoint's ARN."""
        stack = cdk.Stack.of(self)
        return stack.format_arn(service="sagemaker", resource="endpoint", resource_name=self.name)

    @property
    def environment(self) -> dict[str, str]:
        """Return the service's variables."""
        return {"TWO_TOWER_ENDPOINT": self.name}

    @property
    def agent_environment(self) -> dict[str, str]:
        """Return what the release agent needs to configure a new model."""
        settings = self._settings
        variant: dict[str, object] = {"VariantName": VARIANT}
        if self._on_instances:
            variant |= {"InitialInstanceCount": settings.two_tower_instances, "InitialVariantWeight": 1,
                        "InstanceType": settings.two_tower_instance}  # fmt: skip
        else:
            variant["ServerlessConfig"] = {"MemorySizeInMB": MEMORY_MB, "MaxConcurrency": MAX_CONCURRENCY}
        settings_of_model = {
            "role": self.role.role_arn, "image": self.image, "variant": variant, "isolated": self._on_instances,
            "environment": container_environment(), "archives": self._data.bucket.s3_url_for_object(TOWERS),
            "key": self._key.key_arn,
        }  # fmt: skip
        return {"TWO_TOWER_ENDPOINT": self.name, "TWO_TOWER": cdk.Stack.of(self).to_json_string(settings_of_model)}

    def allow(self, role: iam.Role) -> None:
        """Allow a role to invoke the endpoint."""
        role.add_to_policy(iam.PolicyStatement(actions=["sagemaker:InvokeEndpoint"], resources=[self.arn]))

    def agent_statements(self) -> tuple[list[iam.PolicyStatement], dict[str, str]]:
        """Return the release agent's permissions on the models and configurations of this endpoint, and the reasons for
        their wildcards.
        """
        stack = cdk.Stack.of(self)
        made = [
            stack.format_arn(service="sagemaker", resource=kind, resource_name=f"{self.name}-*")
            for kind in ("model", "endpoint-config")
        ]
        # CloudFormation's own configuration has another name; an endpoint may return to it.
        of_stack = stack.format_arn(service="sagemaker", resource="endpoint-config", resource_name="*")
        statements = [
            iam.PolicyStatement(
                actions=["sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:AddTags"], resources=made
            ),
            iam.PolicyStatement(
                actions=["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"], resources=[self.arn]
            ),
            iam.PolicyStatement(actions=["sagemaker:UpdateEndpoint"], resources=[self.arn, of_stack]),
            iam.PolicyStatement(actions=_ENCRYPT, resources=[self._key.key_arn]),
            iam.PolicyStatement(
                actions=["iam:PassRole"], resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
        ]  # fmt: skip
        reasons = {
            f"AwsSolutions-IAM5[Resource::{in_findings(arn, stack)}]": "One model per release, named by its bundle."
            for arn in (*made, of_stack)
        }
        return statements, reasons

    def metric(self, name: str, statistic: str, namespace: str = "AWS/SageMaker") -> cloudwatch.Metric:
        """Return a metric of this endpoint. Source: developer guide, "Metrics for monitoring SageMaker AI"."""
        return cloudwatch.Metric(
            namespace=namespace, metric_name=name, statistic=statistic,
            dimensions_map={"EndpointName": self.name, "VariantName": VARIANT},
        )  # fmt: skip

    def _variant(self, model: str) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        settings = self._settings
        if self._on_instances:
            return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                model_name=model, variant_name=VARIANT, initial_variant_weight=1,
                initial_instance_count=settings.two_tower_instances, instance_type=settings.two_tower_instance,
            )  # fmt: skip
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            model_name=model, variant_name=VARIANT, initial_variant_weight=1,
            serverless_config=sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
                memory_size_in_mb=MEMORY_MB, max_concurrency=MAX_CONCURRENCY
            ),
        )  # fmt: skip

    def _guardrails(self) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
        """Return the deployment policy: a tenth of the requests first, rolled back on an alarm. Only instances support
        it.
        """
        size = sagemaker.CfnEndpoint.CapacitySizeProperty(type="CAPACITY_PERCENT", value=CANARY_PERCENT)
        alarms = [
            sagemaker.CfnEndpoint.AlarmProperty(alarm_name=f"{self._settings.name}-{alarm}") for alarm in ROLL_BACK_ON
        ]
        return sagemaker.CfnEndpoint.DeploymentConfigProperty(
            blue_green_update_policy=sagemaker.CfnEndpoint.BlueGreenUpdatePolicyProperty(
                traffic_routing_configuration=sagemaker.CfnEndpoint.TrafficRoutingConfigProperty(
                    type="CANARY", canary_size=size, wait_interval_in_seconds=BAKE_S
                ),
                maximum_execution_timeout_in_seconds=4 * BAKE_S,
                termination_wait_in_seconds=BAKE_S,
            ),
            auto_rollback_configuration=sagemaker.CfnEndpoint.AutoRollbackConfigProperty(alarms=alarms),
        )

    def _archive_path(self) -> Path:
        """Return the archive of the released bundle, or one without a model."""
        fetched = ROOT / TOWERS / ARCHIVE
        if fetched.is_file():
            return fetched
        stage = cdk.Stage.of(self)
        assert stage is not None
        empty = Path(stage.outdir) / f"no-{TOWERS}-{ARCHIVE}"
        empty_archive(empty)
        return empty

    def _role(self) -> iam.Role:
        """Return the container's role: it may fetch its archive and its image, and write its log."""
        stack, bucket = cdk.Stack.of(self), self._data.bucket
        role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"), description="The two-tower model"
        )
        account = _ACCOUNTS.get(self._settings.region, _ACCOUNT)
        image = f"arn:{stack.partition}:ecr:{self._settings.region}:{account}:repository/{IMAGE}"
        group = stack.format_arn(
            service="logs", resource="log-group", resource_name=f"{_ENDPOINT_LOGS}{self.name}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )  # fmt: skip
        pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        write = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        for actions, resource in (
            (["s3:GetObject"], bucket.arn_for_objects(f"{TOWERS}/*")),
            (["s3:GetObject"], self._archive.bucket.arn_for_objects(self._archive.s3_object_key)),
            (pull, image), (["ecr:GetAuthorizationToken"], "*"), (write, group), (_ENCRYPT, self._key.key_arn),
        ):  # fmt: skip
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        acknowledge(
            role,
            {
                "AwsSolutions-IAM5[Resource::*]": "ecr:GetAuthorizationToken has no resource-level permissions.",
                f"AwsSolutions-IAM5[Resource::{arn_in_findings(bucket)}/{TOWERS}/*]": "One archive per release.",
                f"AwsSolutions-IAM5[Resource::{in_findings(group, stack)}]": "One stream per container.",
            },
        )  # fmt: skip
        return role


def container_environment() -> dict[str, str]:
    """Return the container's environment: where its code is, and one worker per core: a request takes milliseconds."""
    return {
        "SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "OMP_NUM_THREADS": "1", "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
    }  # fmt: skip
