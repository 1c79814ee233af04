"""Accepted findings of cdk-nag, each with its reason next to its resource."""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from constructs import Construct


def acknowledge(construct: Construct, findings: Mapping[str, str]) -> None:
    """Accept findings, by id, for a construct and everything in it. Source: cdk-nag 3, "Acknowledging a Rule"."""
    for finding, reason in findings.items():
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))


def arn_in_findings(resource: Construct) -> str:
    """Return the ARN of a bucket, function, ... as findings write it."""
    return f"<{cdk.Stack.of(resource).get_logical_id(cast('cdk.CfnElement', resource.node.default_child))}.Arn>"


def account_in_findings(stack: cdk.Stack) -> str:
    """Return the account of a stack, known or not, as findings write it."""
    return "<AWS::AccountId>" if cdk.Token.is_unresolved(stack.account) else stack.account


def in_findings(arn: str, stack: cdk.Stack) -> str:
    """Return an ARN with a partition and an account by reference as findings write it."""
    resolved = stack.resolve(arn)
    if isinstance(resolved, str):
        return resolved
    parts = resolved["Fn::Join"][1]
    return "".join(each if isinstance(each, str) else f"<{each['Ref']}>" for each in parts)
