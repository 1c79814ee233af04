"""Bedrock costs of explanations, if the stage has a model."""

from collections.abc import Iterator

from data_jobs.cost.bill import Line
from data_jobs.cost.deployment import Deployment
from data_jobs.cost.prices import PriceList
from data_jobs.cost.workload import EXPLAIN_INPUT_TOKENS, EXPLAIN_OUTPUT_TOKENS, SENTENCES_A_PAGE

# In the cache table: half a unit to look up a sentence, one to store it, two to count a page's tokens.
LOOKUP_UNITS, STORE_UNITS, COUNT_UNITS = 0.5, 1.0, 2.0


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
