"""Costs of counting people's events by Spark on EMR Serverless, if releases do that."""

from collections.abc import Iterator

from data_jobs.cost.bill import Line
from data_jobs.cost.deployment import Deployment
from data_jobs.cost.prices import PriceList
from data_jobs.cost.workload import SPARK_BUSY, SPARK_CPU_S

# GB_PER_VCPU of infra/constructs/gram_job.py.
MEMORY_GB = 8.0


def counting_lines(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield the vCPU and memory hours of one job per release."""
    hours = deployment.releases * deployment.spark_events * SPARK_CPU_S / SPARK_BUSY / 3_600
    yield Line("EMR Serverless", "counting events, vCPU", hours, prices["emr_vcpu"])
    yield Line("EMR Serverless", "counting events, memory", hours * MEMORY_GB, prices["emr_memory"])
