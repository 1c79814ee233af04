"""The guard in front of the HTTP API: requests without the origin header cost no invocation."""

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.deployment_secrets import ORIGIN_HEADER
from infra.constructs.findings import acknowledge
from infra.constructs.image import ROOT
from infra.constructs.log_groups import log_group
from infra.settings import Settings

# These files of the repository; the runtime provides boto3.
_FILES = ["*", "!infra/__init__.py", "!infra/authorizer/*.py", "**/__pycache__"]
# The maximum. A response is cached by the value sent; an error is not cached.
REMEMBERED = cdk.Duration.hours(1)


class Guard(Construct):
    """A function, and the authorizer that calls it. Source: API Gateway developer guide, "Control access to HTTP APIs
    with AWS Lambda authorizers": without the identity source, the response is 401 and the function is not called.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: Settings, secret: secretsmanager.ISecret) -> None:
        super().__init__(scope, construct_id)
        logs = log_group(self, "Logs", settings)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), description="The guard")
        logs.grant_write(role)
        secret.grant_read(role)
        function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="infra.authorizer.main.handler",
            code=lambda_.Code.from_asset(str(ROOT), exclude=_FILES, ignore_mode=cdk.IgnoreMode.DOCKER),
            description=f"Whether a request to the HTTP API of {settings.name} came through CloudFront",
            timeout=cdk.Duration.seconds(10),
            memory_size=512,
            role=role,
            log_group=logs,
            environment={"ORIGIN_SECRET_ARN": secret.secret_arn},
        )
        acknowledge(
            function,
            {"Serverless-LambdaDLQ": "Only ever called by API Gateway, which gets the error.",
             "Serverless-LambdaTracing": "It reads one secret; a trace tells no more than its log."},
        )  # fmt: skip
        self.authorizer = authorizers.HttpLambdaAuthorizer(
            "Origin",
            function,
            authorizer_name=f"{settings.name}-origin",
            identity_source=[f"$request.header.{ORIGIN_HEADER}"],
            response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
            results_cache_ttl=REMEMBERED,
        )
