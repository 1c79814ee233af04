"""Bedrock costs of explanations, if the stage has a model."""

from collections.abc import Iterator

from data_jobs.cost.bill import Line
from data_jobs.cost.deployment import Deployment
from data_jobs.cost.prices import PriceList
from data_jobs.cost.workload import EXPLAIN_INPUT_TOKENS, EXPLAIN_OUTPUT_TOKENS, SENTENCES_A_PAGE

# In the cache table: half a unit to look up a sentence, one to store it; two writes count a page's tokens.
LOOKED_UNITS, KEPT_UNITS, COUNTED_UNITS = 0.5, 1.0, 2.0


def explain_lines(deployment: Deployment, prices: PriceList) -> Iterator[Line]:
    """Yield the tokens of sentences not cached, and the cost of caching them. Nothing if the template writes them."""
    if not deployment.explain_model:
        return
    pages, written = deployment.explained, deployment.explained * (1 - deployment.sentence_hit)
    yield Line("Bedrock", "tokens read", written * EXPLAIN_INPUT_TOKENS, prices["bedrock_input"])
    yield Line("Bedrock", "tokens written", written * EXPLAIN_OUTPUT_TOKENS, prices["bedrock_output"])
    looked = pages * SENTENCES_A_PAGE * LOOKED_UNITS
    kept = written * (SENTENCES_A_PAGE * KEPT_UNITS + COUNTED_UNITS)
    yield Line("DynamoDB", "sentences, reads", looked, prices["dynamodb_read"])
    yield Line("DynamoDB", "sentences, writes", kept, prices["dynamodb_write"])
