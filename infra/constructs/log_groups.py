"""Log groups: kept for as long as the settings say, and deleted with a stage that leaves nothing."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.settings import DeploymentSettings

_DAYS = logs.RetentionDays
_RETENTION = {
    7: _DAYS.ONE_WEEK, 14: _DAYS.TWO_WEEKS, 30: _DAYS.ONE_MONTH, 60: _DAYS.TWO_MONTHS, 90: _DAYS.THREE_MONTHS,
    180: _DAYS.SIX_MONTHS, 365: _DAYS.ONE_YEAR,
}  # fmt: skip


def log_group(
    scope: Construct, construct_id: str, settings: DeploymentSettings, name: str | None = None
) -> logs.LogGroup:
    """Return a log group of a deployment, named by CloudFormation unless the writer expects a name."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=_RETENTION[settings.log_days],
        removal_policy=cdk.RemovalPolicy.RETAIN if settings.keeps_data else cdk.RemovalPolicy.DESTROY,
    )
