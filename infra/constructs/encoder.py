"""Permission to call the Bedrock embedding model: for queries while serving, for films when a bundle is built."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from infra.service_settings import embedding_model
from infra.settings import DeploymentSettings


def allow_encoding(role: iam.Role, settings: DeploymentSettings) -> None:
    """Let the role call exactly the model that the stage's ``encoder`` names; nothing if the process encodes itself.

    Source: Amazon Bedrock user guide, "Identity-based policy examples for Amazon Bedrock".
    """
    model = embedding_model(settings.service)
    if model is None:
        return
    arn = f"arn:{cdk.Stack.of(role).partition}:bedrock:{settings.region}::foundation-model/{model}"
    role.add_to_policy(iam.PolicyStatement(actions=["bedrock:InvokeModel"], resources=[arn]))
