"""The CDK's helper functions: to empty a bucket, to pass a value to another region."""

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import IValidation

from infra.constructs.log_groups import log_group
from infra.settings import DeploymentSettings


def own_helpers_logs(stack: cdk.Stack, settings: DeploymentSettings) -> None:
    """Make the helpers of a stack log to groups of that stack.

    Otherwise each creates its own group on its first run, which outlives the stack. Without the managed role, which may
    create any group, a helper's last log line cannot recreate its group.
    """
    stack.node.add_validation(_Helpers(stack, settings))


@jsii.implements(IValidation)
class _Helpers:
    """Validations run after cross-region references are resolved, which creates the helpers: aspects would miss
    them.
    """

    def __init__(self, stack: cdk.Stack, settings: DeploymentSettings) -> None:
        self._stack = stack
        self._settings = settings

    def validate(self) -> list[str]:
        """Change the helpers; report no errors."""
        for child in self._stack.node.children:
            if isinstance(child, cdk.CustomResourceProviderBase) and child.node.try_find_child("Logs") is None:
                _own_logs(child, log_group(child, "Logs", self._settings))
        return []


def _own_logs(helper: cdk.CustomResourceProviderBase, group: logs.LogGroup) -> None:
    role, function = helper.node.find_child("Role"), helper.node.find_child("Handler")
    assert isinstance(role, cdk.CfnResource)
    assert isinstance(function, cdk.CfnResource)
    write = iam.PolicyStatement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[group.log_group_arn])
    policy = iam.CfnRolePolicy(
        helper, "LogsPolicy", role_name=role.ref, policy_name="Logs",
        policy_document=iam.PolicyDocument(statements=[write]),
    )  # fmt: skip
    role.add_property_deletion_override("ManagedPolicyArns")
    function.add_property_override("LoggingConfig.LogGroup", group.log_group_name)
    function.add_resource_dependency(policy)
