"""Make items and their vectors in a SageMaker Processing job, started and awaited by its own state machine.

Sources: AWS Step Functions developer guide, "Create and manage Amazon SageMaker AI jobs with Step Functions"; Amazon
SageMaker developer guide, "CreateProcessingJob API: execution role permissions".
"""

import aws_cdk as cdk
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.data import FEATURES, RAW, Data
from infra.constructs.findings import acknowledge, arn_in_findings, in_findings
from infra.constructs.image import ROOT, image_options
from infra.constructs.state_machine import state_machine
from infra.settings import DeploymentSettings

MAX_RUNTIME_S = 3_600
VOLUME_GB = 30
FOLDER = "/opt/ml/processing"
ENTRYPOINT = ["python", "-m", "data_jobs.processing"]
_LOGS = "/aws/sagemaker/ProcessingJobs"


class FeaturesJob(Construct):
    """``instance``: the type the job runs on. It reads ``raw/`` and writes ``features/`` of the bucket, and has no
    network access. `marquee build --from-bucket` does not embed its results again.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        instance: str,
        data: Data,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._data = data
        self._key = key
        self._image = ecr_assets.DockerImageAsset(
            self, "Image", directory=str(ROOT), **image_options(settings, "processing")
        )
        self.role = self._role()
        self.machine = self._machine(instance)

    def _role(self) -> iam.Role:
        """Return the container's role: two prefixes, one key, its log."""
        stack, bucket = cdk.Stack.of(self), self._data.bucket
        role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"), description="Makes features"
        )
        prefixes = {"StringLike": {"s3:prefix": [f"{RAW}/*", f"{FEATURES}/*"]}}
        group = stack.format_arn(
            service="logs", resource="log-group", resource_name=f"{_LOGS}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )  # fmt: skip
        for statement in (
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn], conditions=prefixes),
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects(f"{RAW}/*")]),
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[bucket.arn_for_objects(f"{FEATURES}/*")]),
            iam.PolicyStatement(
                actions=["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
                resources=[self._key.key_arn],
            ),
            iam.PolicyStatement(
                actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                resources=[group],
            ),
        ):
            role.add_to_policy(statement)
        self._image.repository.grant_pull(role)
        many = "Files of a data set, and streams of a log, have many names."
        acknowledge(
            role,
            {
                "AwsSolutions-IAM5[Resource::*]": "ecr:GetAuthorizationToken has no resource-level permissions.",
                **{
                    f"AwsSolutions-IAM5[Resource::{arn_in_findings(bucket)}/{prefix}/*]": many
                    for prefix in (RAW, FEATURES)
                },
                f"AwsSolutions-IAM5[Resource::{in_findings(group, stack)}]": many,
            },
        )
        return role

    def _machine(self, instance: str) -> sfn.StateMachine:
        settings = self._settings
        role = self._machine_role()
        substitutions = {
            "Bucket": self._data.bucket.bucket_name, "Image": self._image.image_uri, "Key": self._key.key_arn,
            "Role": self.role.role_arn,
        }  # fmt: skip
        return state_machine(self, settings, "features", definition(settings.name, instance), substitutions, role)

    def _machine_role(self) -> iam.Role:
        stack = cdk.Stack.of(self)
        role = iam.Role(
            self, "MachineRole", assumed_by=iam.ServicePrincipal("states.amazonaws.com"), description="Starts features"
        )
        jobs = stack.format_arn(
            service="sagemaker", resource="processing-job", resource_name=f"{self._settings.name}-features-*"
        )
        rule = stack.format_arn(
            service="events", resource="rule", resource_name="StepFunctionsGetEventsForSageMakerProcessingJobsRule"
        )
        actions = ("CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob", "AddTags")
        for statement in (
            iam.PolicyStatement(actions=[f"sagemaker:{action}" for action in actions], resources=[jobs]),
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            iam.PolicyStatement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"], resources=[rule]
            ),
        ):
            role.add_to_policy(statement)
        acknowledge(
            role,
            {
                "AwsSolutions-IAM5[Resource::*]": "Log delivery has no resource-level permissions.",
                f"AwsSolutions-IAM5[Resource::{in_findings(jobs, stack)}]": "One job per execution, named by its id.",
            },
        )
        return role


def definition(name: str, instance: str) -> dict[str, object]:
    """Return the state machine: one job, awaited to its end. ``${...}`` are substituted at deployment."""
    source = {
        "InputName": "raw",
        "S3Input": {
            "S3Uri": f"s3://${{Bucket}}/{RAW}/", "LocalPath": f"{FOLDER}/input", "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        },
    }  # fmt: skip
    sink = {
        "OutputName": "features",
        "S3Output": {
            "S3Uri": f"s3://${{Bucket}}/{FEATURES}/", "LocalPath": f"{FOLDER}/output", "S3UploadMode": "EndOfJob",
        },
    }  # fmt: skip
    cluster = {
        "InstanceCount": 1, "InstanceType": instance, "VolumeSizeInGB": VOLUME_GB, "VolumeKmsKeyId": "${Key}",
    }  # fmt: skip
    parameters = {
        "ProcessingJobName.$": f"States.Format('{name}-features-{{}}', States.UUID())",
        "RoleArn": "${Role}",
        "AppSpecification": {"ImageUri": "${Image}", "ContainerEntrypoint": ENTRYPOINT},
        "ProcessingInputs": [source],
        "ProcessingOutputConfig": {"Outputs": [sink]},
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": MAX_RUNTIME_S},
        "NetworkConfig": {"EnableNetworkIsolation": True},
    }
    job = {
        "Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync", "Parameters": parameters,
        "TimeoutSeconds": 2 * MAX_RUNTIME_S, "End": True,
    }  # fmt: skip
    return {"Comment": "Items and their vectors", "StartAt": "Features", "States": {"Features": job}}
