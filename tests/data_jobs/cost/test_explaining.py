"""The cost of a model's explanations."""

import pytest

from data_jobs.cost.deployment import Deployment
from data_jobs.cost.monthly_bill import bill_of, savings_of
from data_jobs.cost.prices import load_prices

PRICES = load_prices("eu-west-1")
EXPLAINED = Deployment(rps=10, explain_share=0.1, explain_model=True)


def bedrock(deployment: Deployment) -> float:
    return bill_of(deployment, PRICES).by_service().get("Bedrock", 0.0)


def test_the_template_costs_no_tokens() -> None:
    assert bedrock(Deployment(rps=10, explain_share=0.1)) == 0
    assert bedrock(Deployment(rps=10, explain_model=True)) == 0


def test_a_model_costs_by_uncached_page() -> None:
    half_cached, uncached, twice_explained = (
        bedrock(Deployment(rps=10, explain_share=share, explain_model=True, sentence_hit=hit))
        for share, hit in ((0.1, 0.5), (0.1, 0.0), (0.2, 0.0))
    )
    assert uncached == pytest.approx(2 * half_cached)
    assert twice_explained == pytest.approx(2 * uncached)
    pages = EXPLAINED.explained_pages
    assert uncached == pytest.approx(pages * (2_700 * 0.0000011 + 750 * 0.0000055))


def test_cached_sentences_cost_dynamodb_units() -> None:
    lines = {line.what: line.units for line in bill_of(EXPLAINED, PRICES).lines if line.what.startswith("sentences")}
    assert lines["sentences, reads"] == pytest.approx(EXPLAINED.explained_pages * 10)
    assert lines["sentences, writes"] == pytest.approx(EXPLAINED.explained_pages * 0.5 * 22)


def test_the_template_is_suggested_only_if_there_is_a_model() -> None:
    assert any(saving.change == "explanations by template" for saving in savings_of(EXPLAINED, PRICES))
    assert not any(saving.change == "explanations by template" for saving in savings_of(Deployment(rps=10), PRICES))
