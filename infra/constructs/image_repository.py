"""The repository for the images that the release job makes and functions use."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.settings import DeploymentSettings

MAX_IMAGES = 10


class Images(Construct):
    """A repository with immutable tags. Source: AWS Lambda developer guide, "Amazon ECR permissions"."""

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        self.repository = ecr.Repository(
            self,
            "Repository",
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            encryption=ecr.RepositoryEncryption.AES_256,
            lifecycle_rules=[ecr.LifecycleRule(max_image_count=MAX_IMAGES)],
            empty_on_delete=not settings.keeps_data,
            removal_policy=cdk.RemovalPolicy.RETAIN if settings.keeps_data else cdk.RemovalPolicy.DESTROY,
        )
        functions = cdk.Stack.of(self).format_arn(
            service="lambda", resource="function", resource_name="*", arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
        )
        self.repository.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                principals=[iam.ServicePrincipal("lambda.amazonaws.com")],
                conditions={"ArnLike": {"aws:SourceArn": functions}},
            )
        )
