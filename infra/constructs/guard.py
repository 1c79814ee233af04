"""The guard before the HTTP API: what brings no origin header costs no invocation."""

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.deployment_secrets import ORIGIN_HEADER
from infra.constructs.small_function import SmallFunction
from infra.settings import Settings

TIMEOUT_S = 10
# The longest that there is. An answer is kept by the value that was sent; an error is not kept.
REMEMBERED = cdk.Duration.hours(1)


class Guard(SmallFunction):
    """A function, and the authorizer that asks it. Source: API Gateway developer guide, "Control access to HTTP APIs
    with AWS Lambda authorizers": where the identity source is missing, the answer is 401 and nobody is asked.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: Settings, secret: secretsmanager.ISecret) -> None:
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
            results_cache_ttl=REMEMBERED,
        )
