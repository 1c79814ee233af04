"""The guard in front of the HTTP API: requests without the origin header cost no invocation."""

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.deployment_secrets import ORIGIN_HEADER
from infra.constructs.small_function import SmallFunction
from infra.settings import DeploymentSettings

TIMEOUT_S = 10
# The maximum. A response is cached by the value sent; an error is not cached.
CACHE_TTL = cdk.Duration.hours(1)


class OriginAuthorizer(SmallFunction):
    """A function, and the authorizer that calls it. Source: API Gateway developer guide, "Control access to HTTP APIs
    with AWS Lambda authorizers": without the identity source, the response is 401 and the function is not called.
    """

    def __init__(
        self, scope: Construct, construct_id: str, settings: DeploymentSettings, secret: secretsmanager.ISecret
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            settings,
            module="infra.authorizer.main",
            files="infra/authorizer/*.py",
            description=f"Whether a request to the HTTP API of {settings.name} came through CloudFront",
            caller="API Gateway",
            timeout=cdk.Duration.seconds(TIMEOUT_S),
            memory_mb=512,
            environment={"ORIGIN_SECRET_ARN": secret.secret_arn},
        )
        secret.grant_read(self.role)
        self.authorizer = authorizers.HttpLambdaAuthorizer(
            "Origin",
            self.function,
            authorizer_name=f"{settings.name}-origin",
            identity_source=[f"$request.header.{ORIGIN_HEADER}"],
            response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
            results_cache_ttl=CACHE_TTL,
        )
