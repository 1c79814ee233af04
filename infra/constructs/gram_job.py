"""Count people's events with Spark on EMR Serverless, started and awaited by its own state machine.

The application has no capacity of its own: it starts with a job, stops after it, and costs nothing in
between. Its result is for `marquee build --gram` (docs/scale.md).

Sources: AWS Step Functions developer guide, "Start and manage EMR Serverless applications with Step Functions"; Amazon
EMR Serverless user guide, "Job runtime roles", "Configuring an application".
"""

import aws_cdk as cdk
from aws_cdk import aws_emrserverless as emr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.data import FEATURES, GRAM, RAW, Data
from infra.constructs.findings import acknowledge, arn_in_findings
from infra.constructs.image import ROOT
from infra.constructs.state_machine import state_machine
from infra.settings import DeploymentSettings

JOB = "data_jobs/spark/gram_job.py"
RELEASE_LABEL = "emr-7.13.0"
MAX_RUNTIME_MIN, IDLE_MIN = 360, 5
GB_PER_VCPU = 8


class GramJob(Construct):
    """``settings.spark_vcpus``: the maximum for all concurrent jobs. A job reads ``raw/`` and ``features/`` of the
    bucket and writes ``gram/``.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings, *, data: Data) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._data = data
        self._file = s3_assets.Asset(self, "File", path=str(ROOT / JOB))
        self.application = emr.CfnApplication(
            self, "Application", name=f"{settings.name}-gram", type="SPARK", release_label=RELEASE_LABEL,
            architecture="ARM64" if settings.architecture == "arm64" else "X86_64",
            auto_start_configuration=emr.CfnApplication.AutoStartConfigurationProperty(enabled=True),
            auto_stop_configuration=emr.CfnApplication.AutoStopConfigurationProperty(
                enabled=True, idle_timeout_minutes=IDLE_MIN
            ),
            maximum_capacity=emr.CfnApplication.MaximumAllowedResourcesProperty(
                cpu=f"{settings.spark_vcpus} vCPU", memory=f"{GB_PER_VCPU * settings.spark_vcpus} GB"
            ),
        )  # fmt: skip
        self.role = self._role()
        self.machine = self._machine()

    def _role(self) -> iam.Role:
        """Return the job's role: its file, two prefixes to read, and one to replace."""
        bucket = self._data.bucket
        role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("emr-serverless.amazonaws.com"), description="Counts events"
        )
        # Spark lists a folder in S3 both by its path alone and by the prefix of its files.
        prefixes = {
            "StringLike": {"s3:prefix": [f"{each}{end}" for each in (RAW, FEATURES, GRAM) for end in ("", "/*")]}
        }
        for actions, resources, conditions in (
            (["s3:ListBucket"], [bucket.bucket_arn], prefixes),
            (["s3:GetObject"], [bucket.arn_for_objects(f"{each}/*") for each in (RAW, FEATURES, GRAM)], None),
            (["s3:PutObject", "s3:DeleteObject"], [bucket.arn_for_objects(f"{GRAM}/*")], None),
            (["s3:GetObject"], [self._file.bucket.arn_for_objects(self._file.s3_object_key)], None),
        ):  # fmt: skip
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
        many = "Files of a data set and of a result have many names."
        acknowledge(
            role,
            {
                f"AwsSolutions-IAM5[Resource::{arn_in_findings(bucket)}/{each}/*]": many
                for each in (RAW, FEATURES, GRAM)
            },
        )
        return role

    def _machine(self) -> sfn.StateMachine:
        settings = self._settings
        substitutions = {
            "Application": self.application.attr_application_id, "Bucket": self._data.bucket.bucket_name,
            "File": self._file.s3_object_url, "Role": self.role.role_arn,
        }  # fmt: skip
        role = self._machine_role()
        return state_machine(self, settings, "gram", definition(settings.name), substitutions, role)

    def _machine_role(self) -> iam.Role:
        stack = cdk.Stack.of(self)
        role = iam.Role(
            self, "MachineRole", assumed_by=iam.ServicePrincipal("states.amazonaws.com"), description="Starts the count"
        )
        runs = f"{self.application.attr_arn}/jobruns/*"
        rule = stack.format_arn(
            service="events", resource="rule", resource_name="StepFunctionsGetEventsForEMRServerlessJobRule"
        )
        for statement in (
            iam.PolicyStatement(actions=["emr-serverless:StartJobRun"], resources=[self.application.attr_arn]),
            iam.PolicyStatement(actions=["emr-serverless:GetJobRun", "emr-serverless:CancelJobRun"], resources=[runs]),
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}},
            ),
            iam.PolicyStatement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"], resources=[rule]
            ),
        ):
            role.add_to_policy(statement)
        application = f"<{stack.get_logical_id(self.application)}.Arn>"
        acknowledge(
            role,
            {
                "AwsSolutions-IAM5[Resource::*]": "Log delivery has no resource-level permissions.",
                f"AwsSolutions-IAM5[Resource::{application}/jobruns/*]": "One run per execution, named by its id.",
            },
        )
        return role


def definition(name: str) -> dict[str, object]:
    """Return the state machine: one job, awaited to its end. Its input: ``events`` and ``films`` as addresses in S3,
    and ``spark``, parameters of spark-submit. ``${...}`` are substituted at deployment.
    """
    arguments = (
        "States.Array('--events', $.events, '--films', $.films, '--out', 's3://${Bucket}/" + GRAM + "', '--overwrite')"
    )
    parameters = {
        "ApplicationId": "${Application}",
        "ExecutionRoleArn": "${Role}",
        "Name": f"{name}-gram",
        "ExecutionTimeoutMinutes": MAX_RUNTIME_MIN,
        "JobDriver": {
            "SparkSubmit": {
                "EntryPoint": "${File}", "EntryPointArguments.$": arguments, "SparkSubmitParameters.$": "$.spark",
            }
        },
    }  # fmt: skip
    job = {
        "Type": "Task", "Resource": "arn:aws:states:::emr-serverless:startJobRun.sync", "Parameters": parameters,
        "TimeoutSeconds": 2 * 60 * MAX_RUNTIME_MIN, "End": True,
    }  # fmt: skip
    return {"Comment": "The Gram matrix of people's events", "StartAt": "Count", "States": {"Count": job}}
