"""Models on AWS, if the stage has them: Bedrock, which writes explanations, and the endpoint of the two-tower model."""

from collections.abc import Iterator

from data_jobs.cost.bill import Line
from data_jobs.cost.deployment import HOURS, Deployment, TwoTowerKind
from data_jobs.cost.prices import PriceList
from data_jobs.cost.workload import (
    EXPLAIN_INPUT_TOKENS,
    EXPLAIN_OUTPUT_TOKENS,
    SENTENCES_A_PAGE,
    TOWER_BYTES,
    TOWER_MS,
)

# In the cache table: half a unit to look up a sentence, one to store it, two to count a page's tokens.
LOOKUP_UNITS, STORE_UNITS, COUNT_UNITS = 0.5, 1.0, 2.0
# MEMORY_MB of infra/constructs/two_tower_endpoint.py.
ENDPOINT_GB = 3.0


def explain_lines(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield the tokens of explanations that are not cached, and the cache's units. Nothing for the template."""
    if not deployment.explain_model:
        return
    pages, generated = deployment.explained_pages, deployment.explained_pages * (1 - deployment.sentence_hit)
    yield Line("Bedrock", "tokens read", generated * EXPLAIN_INPUT_TOKENS, prices["bedrock_input"])
    yield Line("Bedrock", "tokens written", generated * EXPLAIN_OUTPUT_TOKENS, prices["bedrock_output"])
    reads = pages * SENTENCES_A_PAGE * LOOKUP_UNITS
    writes = generated * (SENTENCES_A_PAGE * STORE_UNITS + COUNT_UNITS)
    yield Line("DynamoDB", "sentences, reads", reads, prices["dynamodb_read"])
    yield Line("DynamoDB", "sentences, writes", writes, prices["dynamodb_write"])


def two_tower_lines(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield seconds and bytes of a serverless endpoint, which costs nothing while idle; or hours of instances, which do
    not depend on use.
    """
    if deployment.two_tower is TwoTowerKind.SERVERLESS:
        seconds = deployment.two_tower_queries * TOWER_MS / 1_000
        yield Line("SageMaker", "two-tower, serverless", seconds * ENDPOINT_GB, prices["sagemaker_serverless"])
    elif deployment.two_tower is TwoTowerKind.INSTANCE:
        hours = HOURS * deployment.settings.two_tower_instances
        yield Line("SageMaker", "two-tower, instances", hours, prices["sagemaker_instance"])
    transferred = deployment.two_tower_queries * TOWER_BYTES / 1e9
    yield Line("SageMaker", "two-tower, in and out", transferred, prices["sagemaker_data"])
