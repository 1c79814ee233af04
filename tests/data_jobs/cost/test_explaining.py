"""What the sentences of a model cost."""

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


def test_a_model_costs_by_the_page_that_is_not_kept() -> None:
    half, none, more = (
        bedrock(Deployment(rps=10, explain_share=share, explain_model=True, sentence_hit=hit))
        for share, hit in ((0.1, 0.5), (0.1, 0.0), (0.2, 0.0))
    )
    assert none == pytest.approx(2 * half)
    assert more == pytest.approx(2 * none)
    pages = EXPLAINED.explained
    assert none == pytest.approx(pages * (2_700 * 0.0000011 + 750 * 0.0000055))


def test_what_is_kept_is_read_and_written_in_dynamodb() -> None:
    lines = {line.what: line.units for line in bill_of(EXPLAINED, PRICES).lines if line.what.startswith("sentences")}
    assert lines["sentences, reads"] == pytest.approx(EXPLAINED.explained * 10)
    assert lines["sentences, writes"] == pytest.approx(EXPLAINED.explained * 0.5 * 22)


def test_the_template_is_offered_as_a_saving_where_a_model_writes() -> None:
    assert any(saving.change == "explanations by template" for saving in savings_of(EXPLAINED, PRICES))
    assert not any(saving.change == "explanations by template" for saving in savings_of(Deployment(rps=10), PRICES))
