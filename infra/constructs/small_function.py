"""A small function made of files of this repository; its only dependency is boto3, which the runtime provides."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.findings import acknowledge
from infra.constructs.image import ROOT
from infra.constructs.log_groups import log_group
from infra.settings import DeploymentSettings


class SmallFunction(Construct):
    """``module``: contains ``handler``. ``files``: the files it needs. ``role``: its own; may only write its own log.
    ``caller``: the service that calls it, gets its errors and measures its times, so that it needs neither dead letters
    nor traces.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        module: str,
        files: str,
        description: str,
        caller: str,
        timeout: cdk.Duration,
        memory_mb: int,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        logs = log_group(self, "Logs", settings)
        self.role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), description=description
        )
        logs.grant_write(self.role)
        packages = [f"!{'/'.join(files.split('/')[:depth])}/__init__.py" for depth in range(1, files.count("/") + 1)]
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{module}.handler",
            code=lambda_.Code.from_asset(
                str(ROOT), exclude=["*", *packages, f"!{files}", "**/__pycache__"], ignore_mode=cdk.IgnoreMode.DOCKER
            ),
            description=description,
            timeout=timeout,
            memory_size=memory_mb,
            role=self.role,
            log_group=logs,
            environment=dict(environment),
        )
        acknowledge(
            self.function,
            {"Serverless-LambdaDLQ": f"Only called by {caller}, which gets the error.",
             "Serverless-LambdaTracing": f"A single call by {caller}: a trace shows no more than its log."},
        )  # fmt: skip
