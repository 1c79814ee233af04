"""The cost of models on AWS: explanations by the page; the two-tower endpoint by use, its instances by the hour."""

import pytest

from data_jobs.cost import models
from data_jobs.cost.deployment import Deployment, TwoTowerKind, stage_of
from data_jobs.cost.monthly_bill import bill_of, savings_of
from data_jobs.cost.prices import load_prices
from infra.constructs.two_tower_endpoint import MEMORY_MB
from infra.settings import load_settings

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


def sagemaker(**given: object) -> float:
    return bill_of(Deployment(**given), PRICES).by_service().get("SageMaker", 0.0)


def test_without_an_endpoint_there_is_no_line_of_sagemaker() -> None:
    assert sagemaker(rps=10, two_tower_share=0.5) == 0


def test_a_serverless_endpoint_costs_by_query() -> None:
    assert sagemaker(two_tower=TwoTowerKind.SERVERLESS, two_tower_share=0.0, rps=10) == 0
    few, many = (sagemaker(two_tower=TwoTowerKind.SERVERLESS, two_tower_share=share, rps=10) for share in (0.1, 0.2))
    assert many == pytest.approx(2 * few)
    queries = Deployment(two_tower=TwoTowerKind.SERVERLESS, two_tower_share=0.1, rps=10).two_tower_queries
    assert few == pytest.approx(queries * (0.030 * 3 * 0.00002 + 15e-6 * 0.016))


def test_an_instance_costs_by_the_hour_regardless_of_use() -> None:
    assert sagemaker(two_tower=TwoTowerKind.INSTANCE) == pytest.approx(730 * 0.128)


def test_the_model_in_the_bundle_is_suggested_as_a_saving() -> None:
    savings = savings_of(Deployment(two_tower=TwoTowerKind.INSTANCE), PRICES)
    assert any(saving.change == "two-tower model in the bundle" for saving in savings)


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_endpoint_is_billed_as_it_is_deployed(stage: str) -> None:
    deployed, billed = load_settings({"stage": stage}, {}), stage_of(stage)
    assert (billed.two_tower, billed.two_tower_instances) == (deployed.two_tower, deployed.two_tower_instances)
    assert models.ENDPOINT_GB * 1_024 == MEMORY_MB
