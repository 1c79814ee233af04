"""The cost of counting events by Spark: nothing without jobs, else in proportion to the events."""

import pytest

from data_jobs.cost import operating
from data_jobs.cost.deployment import Deployment, DeploymentError
from data_jobs.cost.monthly_bill import bill_of
from data_jobs.cost.prices import load_prices
from data_jobs.cost.workload import SPARK_BUSY, SPARK_CPU_S
from infra.constructs.gram_job import GB_PER_VCPU

PRICES = load_prices("eu-west-1")


def emr(**given: float) -> float:
    return bill_of(Deployment(**given), PRICES).by_service().get("EMR Serverless", 0.0)


def test_without_jobs_there_is_no_line() -> None:
    assert emr() == emr(releases=0, spark_events=1e9) == 0


def test_the_cost_grows_with_events_and_releases() -> None:
    once = emr(releases=1, spark_events=1e9)
    assert emr(releases=4, spark_events=1e9) == pytest.approx(4 * once)
    assert emr(releases=1, spark_events=2e9) == pytest.approx(2 * once)
    assert once == pytest.approx(1e9 * SPARK_CPU_S / SPARK_BUSY / 3_600 * (0.052624 + 8 * 0.0057785))


def test_memory_is_that_of_the_application() -> None:
    assert operating.SPARK_GB_PER_VCPU == GB_PER_VCPU


def test_negative_events_are_refused() -> None:
    with pytest.raises(DeploymentError, match="spark_events"):
        Deployment(spark_events=-1)
