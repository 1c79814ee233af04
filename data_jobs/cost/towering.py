"""Costs of the two-tower model's endpoint, if the stage has one."""

from collections.abc import Iterator

from data_jobs.cost.bill import Line
from data_jobs.cost.deployment import HOURS, Deployment, TwoTowerKind
from data_jobs.cost.prices import PriceList
from data_jobs.cost.workload import TOWER_BYTES, TOWER_MS

# MEMORY_MB of infra/constructs/two_tower_endpoint.py.
MEMORY_GB = 3.0
_GB = 1e9


def tower_lines(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield seconds and bytes of a serverless endpoint, which costs nothing while idle; or hours of instances, which do
    not depend on use.
    """
    if deployment.two_tower is TwoTowerKind.SERVERLESS:
        seconds = deployment.two_tower_queries * TOWER_MS / 1_000
        yield Line("SageMaker", "two-tower, serverless", seconds * MEMORY_GB, prices["sagemaker_serverless"])
    elif deployment.two_tower is TwoTowerKind.INSTANCE:
        hours = HOURS * deployment.settings.two_tower_instances
        yield Line("SageMaker", "two-tower, instances", hours, prices["sagemaker_instance"])
    transferred = deployment.two_tower_queries * TOWER_BYTES / _GB
    yield Line("SageMaker", "two-tower, in and out", transferred, prices["sagemaker_data"])
