"""Permission to call the Bedrock embedding model: for queries while serving, and for films when a bundle is built,
one by one or in batch jobs.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.data import Data
from infra.constructs.findings import acknowledge, in_findings
from infra.service_settings import embedding_model
from infra.settings import DeploymentSettings, Undeployable


def allow_encoding(role: iam.Role, settings: DeploymentSettings) -> None:
    """Let the role call exactly the model that the stage's ``encoder`` names; nothing if the process encodes itself.

    Source: Amazon Bedrock user guide, "Identity-based policy examples for Amazon Bedrock".
    """
    model = embedding_model(settings.service)
    if model is not None:
        role.add_to_policy(
            iam.PolicyStatement(actions=["bedrock:InvokeModel"], resources=[_model_arn(role, settings, model)])
        )


class EmbeddingBatch(Construct):
    """The role by which Bedrock reads the texts of a batch job from ``batch/`` of the bucket and writes their vectors
    there, and the permissions of the release job to start a job and wait for it.

    Source: Amazon Bedrock user guide, "Required permissions for batch inference", "Create a custom service role for
    batch inference". Raises Undeployable if the stage's encoder is no Bedrock model.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings, *, data: Data) -> None:
        super().__init__(scope, construct_id)
        model = embedding_model(settings.service)
        if model is None:
            raise Undeployable(
                "deployment settings: embedding_batch is set: expected service.encoder titan or nova, too"
            )
        self._data = data
        self._model = _model_arn(self, settings, model)
        stack = cdk.Stack.of(self)
        self._jobs = stack.format_arn(service="bedrock", resource="model-invocation-job", resource_name="*")
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "bedrock.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": self._jobs},
                },
            ),
            description="Bedrock's batch jobs: texts in, vectors out",
        )  # fmt: skip
        data.allow_batch(self.role, "s3:GetObject", "s3:PutObject")

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the release job's variables."""
        return {"BEDROCK_BATCH_ROLE": self.role.role_arn}

    def allow(self, role: iam.Role) -> None:
        """Allow starting and awaiting jobs of the stage's model with the batch role, and their files in the bucket."""
        for statement in (
            iam.PolicyStatement(actions=["bedrock:CreateModelInvocationJob"], resources=[self._model, self._jobs]),
            iam.PolicyStatement(actions=["bedrock:GetModelInvocationJob"], resources=[self._jobs]),
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
            ),
        ):
            role.add_to_policy(statement)
        self._data.allow_batch(role, "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
        jobs = in_findings(self._jobs, cdk.Stack.of(self))
        acknowledge(role, {f"AwsSolutions-IAM5[Resource::{jobs}]": "A job is named by Bedrock when it starts."})


def _model_arn(scope: Construct, settings: DeploymentSettings, model: str) -> str:
    return f"arn:{cdk.Stack.of(scope).partition}:bedrock:{settings.region}::foundation-model/{model}"
