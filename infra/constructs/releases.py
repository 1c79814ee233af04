"""The release state machine, which alone changes what a stage serves, its agent, and its lock table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.data import POINTER, Data
from infra.constructs.deployment_secrets import DeploymentSecrets
from infra.constructs.findings import acknowledge, arn_in_findings, in_findings
from infra.constructs.jobs import Jobs
from infra.constructs.small_function import SmallFunction
from infra.constructs.state_machine import state_machine
from infra.constructs.two_tower_endpoint import TwoTowerEndpoint
from infra.release.release_states import definition
from infra.settings import QUALIFIER, DeploymentSettings

_PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetRepositoryPolicy"]
# Alarms that end a release, by their names after the stage.
WATCHED = ("ErrorRate", "Latency")


@dataclass(frozen=True, slots=True)
class ReleaseTarget:
    """What a release changes: ``environment`` names it for job and agent; ``agent`` and ``job`` are their permissions
    on it; ``watched`` are further alarms about it. Empty if servers follow the bucket. ``needs_image``: it takes
    images. ``wildcards``: the statements with wildcards, each with its reason, for cdk-nag.
    """

    needs_image: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    agent: list[iam.PolicyStatement] = field(default_factory=list)
    job: list[iam.PolicyStatement] = field(default_factory=list)
    watched: Sequence[str] = ()
    wildcards: dict[str, str] = field(default_factory=dict)


def release_table(scope: Construct, construct_id: str) -> dynamodb.TableV2:
    """Return the table of the lock and of the job's results per execution. None of it needs to be kept."""
    return dynamodb.TableV2(
        scope,
        construct_id,
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        billing=dynamodb.Billing.on_demand(),
        time_to_live_attribute="until",
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


class ReleaseWorkflow(Construct):
    """Agent and state machine; a schedule starts it, and failures go to the alarms' topic."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        data: Data,
        secrets: DeploymentSecrets,
        jobs: Jobs,
        table: dynamodb.ITableV2,
        target: ReleaseTarget,
        towers: TwoTowerEndpoint | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._target = target
        self._towers = towers
        self._dead_letters = jobs.dead_letters
        agent = self._function(data, secrets, table)
        self.agent, self._role = agent.function, agent.role
        self._allow_agent(data, secrets, jobs, table)
        self.machine = self._machine(jobs, table)
        if settings.release_schedule:
            self._schedule(settings.release_schedule)

    def _function(self, data: Data, secrets: DeploymentSecrets, table: dynamodb.ITableV2) -> SmallFunction:
        settings = self._settings
        watched = ",".join(f"{settings.name}-{alarm}" for alarm in (*WATCHED, *self._target.watched))
        return SmallFunction(
            self,
            "Agent",
            settings,
            module="infra.release.agent.main",
            files="infra/release/agent/*.py",
            description=f"The steps of releases of {settings.name}",
            caller="the state machine",
            timeout=cdk.Duration.minutes(4),
            memory_mb=256,
            environment={
                "RELEASES_TABLE": table.table_name,
                "BUNDLE_BUCKET": data.bucket.bucket_name,
                "ALARMS": watched,
                "PROBE_PERSON": settings.probe_person,
                "CANARY_KEY_ARN": secrets.canary_key.secret_arn,
                "ORIGIN_SECRET_ARN": secrets.origin.secret_arn,
                **self._target.environment,
                **(self._towers.agent_environment if self._towers else {}),
            },
        )

    def _allow_agent(self, data: Data, secrets: DeploymentSecrets, jobs: Jobs, table: dynamodb.ITableV2) -> None:
        stack = cdk.Stack.of(self)
        table.grant(self._role, "dynamodb:PutItem", "dynamodb:DeleteItem")
        pointer = data.bucket.arn_for_objects(POINTER)
        alarms = stack.format_arn(
            service="cloudwatch", resource="alarm", resource_name="*", arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
        )
        allowed = {("s3:GetObject", "s3:PutObject"): [pointer], ("s3:ListBucket",): [data.bucket.bucket_arn],
                   ("cloudwatch:DescribeAlarms",): [alarms]}  # fmt: skip
        for actions, resources in allowed.items():
            self._role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
        reasons = {
            f"AwsSolutions-IAM5[Resource::{in_findings(alarms, stack)}]": "DescribeAlarms is for all alarms only."
        }
        if self._target.needs_image:
            repositories = [_assets(stack), *jobs.repositories]
            self._role.add_to_policy(iam.PolicyStatement(actions=_PULL, resources=repositories))
            for secret in (secrets.canary_key, secrets.origin):
                secret.grant_read(self._role)
            for statement in self._target.agent:
                self._role.add_to_policy(statement)
        if self._towers is not None:
            statements, of_towers = self._towers.agent_statements()
            reasons |= of_towers
            for statement in statements:
                self._role.add_to_policy(statement)
        acknowledge(self._role, {**reasons, **self._target.wildcards})

    def _machine(self, jobs: Jobs, table: dynamodb.ITableV2) -> sfn.StateMachine:
        settings = self._settings
        states = definition(
            on_lambda=self._target.needs_image, minutes=settings.release_shift_minutes, towers=self._towers is not None
        )
        role = self._machine_role(jobs, table)
        substitutions = {
            "Agent": self.agent.function_arn, "Project": jobs.project.project_name, "Table": table.table_name,
        }  # fmt: skip
        machine = state_machine(self, settings, "release", states, substitutions, role)
        acknowledge(
            role,
            {"AwsSolutions-IAM5[Resource::*]": "Log delivery has no resource-level permissions.",
             f"AwsSolutions-IAM5[Resource::{arn_in_findings(self.agent)}:*]": "Any version of the agent."},
        )  # fmt: skip
        return machine

    def _machine_role(self, jobs: Jobs, table: dynamodb.ITableV2) -> iam.Role:
        """Return the machine's role. Source: AWS Step Functions developer guide, "Start an AWS CodeBuild build with
        Step Functions".
        """
        stack = cdk.Stack.of(self)
        role = iam.Role(
            self, "MachineRole", assumed_by=iam.ServicePrincipal("states.amazonaws.com"), description="Releases"
        )
        rule = stack.format_arn(
            service="events", resource="rule", resource_name="StepFunctionsGetEventForCodeBuildStartBuildRule"
        )
        project = jobs.project.project_arn
        allowed = {
            ("lambda:InvokeFunction",): [self.agent.function_arn],
            ("codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"): [project],
            ("events:PutTargets", "events:PutRule", "events:DescribeRule"): [rule],
            ("dynamodb:GetItem",): [table.table_arn],
        }
        for actions, resources in allowed.items():
            role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
        return role

    def _schedule(self, expression: str) -> None:
        events.Rule(
            self,
            "Schedule",
            description="Releases on schedule",
            schedule=events.Schedule.expression(expression),
            targets=[
                targets.SfnStateMachine(
                    self.machine,
                    input=events.RuleTargetInput.from_object({"what": "release"}),
                    dead_letter_queue=self._dead_letters,
                    retry_attempts=2,
                    max_event_age=cdk.Duration.hours(1),
                )
            ],
        )


def _assets(stack: cdk.Stack) -> str:
    """Return the ARN of the repository where `cdk bootstrap` keeps the images of deployments, which a release or a
    rollback may return to; by the account's bootstrap qualifier.
    """
    qualifier = stack.node.try_get_context(QUALIFIER) or cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
    name = f"cdk-{qualifier}-container-assets-${{AWS::AccountId}}-${{AWS::Region}}"
    return stack.format_arn(service="ecr", resource="repository", resource_name=cdk.Fn.sub(name))
