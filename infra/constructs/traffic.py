"""What alarms and the dashboard need to know of either compute."""

from dataclasses import dataclass, field

from aws_cdk import aws_cloudwatch as cloudwatch


@dataclass(frozen=True, slots=True)
class Traffic:
    """``latency``: response time, in units of ``unit_ms`` milliseconds; ``requests`` and ``failures`` (status 500 and
    above): counts. By name, ``health``: metrics whose sum is 0 while the compute is healthy, and ``load``: percent of
    capacity.
    """

    latency: cloudwatch.Metric
    unit_ms: float
    requests: cloudwatch.IMetric
    failures: cloudwatch.IMetric
    health: dict[str, cloudwatch.Metric]
    load: dict[str, cloudwatch.Metric] = field(default_factory=dict)
