"""The API on Lambda: a container function behind an alias, and the HTTP API in front of it."""

import json

import aws_cdk as cdk
import jsii
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.constructs.findings import acknowledge
from infra.constructs.guard import OriginAuthorizer
from infra.constructs.image import ROOT, image_options
from infra.constructs.log_groups import log_group
from infra.constructs.traffic import Traffic
from infra.settings import DeploymentSettings

# An HTTP API times out after 30 s, with its own error.
TIMEOUT_S = 29
ALIAS = "live"
# The end of the first version's description; the release agent reads the bundle from it.
NOTHING_YET = "nothing released yet: bundle none"
_LOGGED = {
    "requestId": "requestId", "time": "requestTime", "method": "httpMethod", "status": "status",
    "latencyMs": "responseLatency", "integrationMs": "integrationLatency", "bytes": "responseLength",
    "error": "error.message", "integrationError": "integrationErrorMessage",
}  # fmt: skip


class Api(Construct):
    """Function, alias and HTTP API. ``origin``: the secret that requests must carry. Source: AWS Lambda developer
    guide, "SnapStart"; API Gateway developer guide, "Quotas for HTTP APIs", "Logging for HTTP APIs".
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        environment: dict[str, str],
        origin: secretsmanager.ISecret,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        function_logs = log_group(self, "FunctionLogs", settings)
        self.role = self._role(function_logs)
        self.function = self._function(environment, function_logs)
        self.alias = self._alias()
        self.http = self._http_api(OriginAuthorizer(self, "Guard", settings, origin))

    @property
    def domain(self) -> str:
        """Return the host of the HTTP API. It is public, so the origin header is checked."""
        stack = cdk.Stack.of(self)
        return f"{self.http.api_id}.execute-api.{stack.region}.{stack.url_suffix}"

    @property
    def image(self) -> str:
        """Return the URI of the image in this template."""
        function = self.function.node.default_child
        assert isinstance(function, lambda_.CfnFunction)
        code = function.code
        assert isinstance(code, lambda_.CfnFunction.CodeProperty)
        return str(code.image_uri)

    @property
    def traffic(self) -> Traffic:
        """Return traffic as counted by API Gateway, including requests that never reached the function."""
        return Traffic(
            latency=self.http.metric_latency(),
            unit_ms=1,
            requests=self.http.metric_count(statistic="Sum"),
            failures=self.http.metric_server_error(statistic="Sum"),
            health={
                "LambdaErrors": self.function.metric_errors(),
                "LambdaThrottles": self.function.metric_throttles(),
            },
        )

    def _role(self, function_logs: logs.LogGroup) -> iam.Role:
        """Return a role instead of the managed execution role, which may write to every log group."""
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), description="The API")
        function_logs.grant_write(role)
        return role

    def _function(self, environment: dict[str, str], function_logs: logs.LogGroup) -> lambda_.DockerImageFunction:
        settings = self._settings
        function = lambda_.DockerImageFunction(
            self,
            "Function",
            code=lambda_.DockerImageCode.from_image_asset(str(ROOT), **image_options(settings, "lambda")),
            description=f"Film recommendations, stage {settings.stage}",
            architecture=lambda_.Architecture.ARM_64
            if settings.architecture == "arm64"
            else lambda_.Architecture.X86_64,
            memory_size=settings.memory_mb,
            timeout=cdk.Duration.seconds(TIMEOUT_S),
            role=self.role,
            environment=environment,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS,
            log_group=function_logs,
            # Other log lines and tracebacks are JSON objects, too. The level stays at INFO: from WARN on, the platform
            # might drop our own lines, which are printed, not logged.
            logging_format=lambda_.LoggingFormat.JSON,
            # The stage's throttle limits callers; this would only limit the account's other functions.
            reserved_concurrent_executions=settings.reserved_concurrency,
        )
        acknowledge(
            function,
            {
                "Serverless-LambdaDLQ": "Only called synchronously: the caller gets the error, nothing is lost.",
                "Serverless-LambdaTracing": "A trace of one segment shows no more than its log line.",
                "@aws-cdk/aws-lambda:snapStartRequirePublish": "Versions are published; the alias points at one.",
            },
        )
        return function

    def _alias(self) -> lambda_.Alias:
        """Return the alias, which here always points to the very first version. So CloudFormation never moves it,
        neither forward nor back after a failed deployment: only the release state machine does.
        """
        first = lambda_.Version(self, "First", lambda_=self.function, description=NOTHING_YET)
        return lambda_.Alias(self, "Alias", alias_name=ALIAS, version=first)

    def _http_api(self, guard: OriginAuthorizer) -> apigatewayv2.HttpApi:
        api = apigatewayv2.HttpApi(
            self,
            "Http",
            api_name=self._settings.name,
            create_default_stage=False,
            default_integration=HttpLambdaIntegration("Lambda", self.alias),
            default_authorizer=guard.authorizer,
        )
        apigatewayv2.HttpStage(
            self,
            "Stage",
            http_api=api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigatewayv2.ThrottleSettings(
                rate_limit=self._settings.throttle_rate, burst_limit=self._settings.throttle_burst
            ),
            access_log_settings=AccessLog(log_group(self, "AccessLogs", self._settings)),
        )
        return api


@jsii.implements(apigatewayv2.IAccessLogSettings)
class AccessLog:
    """One JSON line per request: no path, no address, no query, since they can reveal who requested what."""

    def __init__(self, log_group: logs.ILogGroup) -> None:
        self._destination = apigatewayv2.LogGroupLogDestination(log_group)

    @property
    def destination(self) -> apigatewayv2.IAccessLogDestination:
        """Return where the lines go."""
        return self._destination

    @property
    def format(self) -> apigateway.AccessLogFormat:
        """Return the fields of a line."""
        return apigateway.AccessLogFormat.custom(
            json.dumps({name: f"$context.{variable}" for name, variable in _LOGGED.items()})
        )
