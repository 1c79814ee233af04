"""The release job: from raw data to a bundle, its index and an image with it."""

from collections.abc import Mapping, Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.findings import account_in_findings, acknowledge
from infra.constructs.image import ROOT
from infra.constructs.image_repository import Images
from infra.constructs.log_groups import log_group
from infra.settings import DeploymentSettings

BUILD_SPEC = "infra/release/buildspec.yml"
TIMEOUT_H = 3
# Files that are not needed to make a release.
NOT_SOURCE = [
    "*", "!.ci", "!Dockerfile", "!.dockerignore", "!LICENSE", "!NOTICE", "!README.md", "!pyproject.toml", "!uv.lock",
    "!data_jobs", "!infra", "!services", "**/__pycache__", "**/node_modules", "infra/cdk.out",
]  # fmt: skip


class Jobs(Construct):
    """A CodeBuild project, started by the release state machine, and the queue for failed starts and notifications.
    ``needs_image``: it makes images and needs a repository for them. ``statements``, ``wildcards``: its further
    permissions, and the reasons for those with wildcards.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        key: kms.IKey,
        environment: dict[str, str],
        needs_image: bool,
        statements: Sequence[iam.PolicyStatement],
        wildcards: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._images = Images(self, "Images", settings) if needs_image else None
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        acknowledge(self.dead_letters, {"AwsSolutions-SQS3": "It is a dead-letter queue.",
                                        "Serverless-SQSRedrivePolicy": "It is a dead-letter queue."})  # fmt: skip
        self.role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"), description="The release job"
        )
        self.project = self._project(key, environment)
        if self._images is not None:
            self._images.repository.grant_pull_push(self.project)
        for statement in statements:
            self.project.add_to_role_policy(statement)
        acknowledge(self.role, wildcards)

    @property
    def repositories(self) -> list[str]:
        """Return the ARNs of the repositories that images are pushed to."""
        return [self._images.repository.repository_arn] if self._images else []

    def _project(self, key: kms.IKey, environment: dict[str, str]) -> codebuild.Project:
        settings = self._settings
        source = s3_assets.Asset(self, "Source", path=str(ROOT), exclude=NOT_SOURCE, ignore_mode=cdk.IgnoreMode.DOCKER)
        variables = environment | {
            "ARCHITECTURE": settings.architecture,
            "CANARY_PERSON": settings.canary_person if settings.canary_deep else "",
            "PROBE_PERSON": settings.probe_person,
            **({"REPOSITORY": self._images.repository.repository_uri} if self._images else {}),
        }
        arm = settings.architecture == "arm64"
        project = codebuild.Project(
            self,
            "Release",
            project_name=f"{settings.name}-release",
            description="Build a bundle, load its index, make its image",
            source=codebuild.Source.s3(bucket=source.bucket, path=source.s3_object_key),
            build_spec=codebuild.BuildSpec.from_source_filename(BUILD_SPEC),
            environment=codebuild.BuildEnvironment(
                # Images are built on the architecture they run on.
                build_image=codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0
                if arm
                else codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
                compute_type=codebuild.ComputeType.LARGE,
                privileged=self._images is not None,
            ),
            environment_variables={
                name: codebuild.BuildEnvironmentVariable(value=value) for name, value in variables.items()
            },
            role=self.role,
            encryption_key=key,
            timeout=cdk.Duration.hours(TIMEOUT_H),
            concurrent_build_limit=1,
            logging=codebuild.LoggingOptions(
                cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group(self, "Logs", settings))
            ),
            grant_report_group_permissions=False,
        )
        acknowledge(
            project, {"AwsSolutions-CB3": "Building an image needs Docker, and Docker needs the privileged mode."}
        )
        self._acknowledge_grants(project)
        return project

    def _acknowledge_grants(self, project: codebuild.Project) -> None:
        stack = cdk.Stack.of(self)
        name = stack.get_logical_id(cast("cdk.CfnElement", project.node.default_child))
        of_family = "A family of actions, on one key or one object."
        findings = dict.fromkeys(
            ("s3:GetBucket*", "s3:GetObject*", "s3:List*", "kms:GenerateDataKey*", "kms:ReEncrypt*"), of_family
        )
        log_streams = f"arn:aws:logs:{stack.region}:{account_in_findings(stack)}:log-group:/aws/codebuild/<{name}>:*"
        acknowledge(
            self.role,
            {
                **{f"AwsSolutions-IAM5[Action::{action}]": reason for action, reason in findings.items()},
                f"AwsSolutions-IAM5[Resource::{log_streams}]": "One stream per build, named by its id.",
                "AwsSolutions-IAM5[Resource::*]": "ecr:GetAuthorizationToken has no resource-level permissions.",
            },
        )
