"""What alarms and the dashboard need to know of a compute, whichever it is."""

from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch


@dataclass(frozen=True, slots=True)
class Traffic:
    """``latency``: the time of an answer, with ``unit_ms`` milliseconds to its unit; ``requests`` and ``failures``
    (answers of 500 and more): counts. ``health``: metrics whose sum is 0 while the compute is well, by name.
    """

    latency: cloudwatch.Metric
    unit_ms: float
    requests: cloudwatch.IMetric
    failures: cloudwatch.IMetric
    health: dict[str, cloudwatch.Metric]
