"""What alarms and the dashboard need to know of a compute, whichever it is."""

from dataclasses import dataclass, field

from aws_cdk import aws_cloudwatch as cloudwatch


@dataclass(frozen=True, slots=True)
class Traffic:
    """``latency``: the time of an answer, with ``unit_ms`` milliseconds to its unit; ``requests`` and ``failures``
    (answers of 500 and more): counts. By name, ``health``: metrics whose sum is 0 while the compute is well, and
    ``load``: percent of what there is.
    """

    latency: cloudwatch.Metric
    unit_ms: float
    requests: cloudwatch.IMetric
    failures: cloudwatch.IMetric
    health: dict[str, cloudwatch.Metric]
    load: dict[str, cloudwatch.Metric] = field(default_factory=dict)
