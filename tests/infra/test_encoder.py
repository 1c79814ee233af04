"""The model of Bedrock that encodes: the rights of those who ask it, and of nobody where it is not asked."""

import pytest

from infra.service_settings import embedding_model
from infra.settings import Undeployable
from tests.infra.templates import Deployment, Template, text_of

TITAN, NOVA = "amazon.titan-embed-text-v2:0", "amazon.nova-2-multimodal-embeddings-v1:0"


def bedrock(template: Template, role: str) -> list[dict]:
    return [each for each in template.statements(role) if "bedrock:" in text_of(each["Action"])]


@pytest.mark.parametrize(("name", "model"), [("classic", TITAN), ("fargate", NOVA)])
@pytest.mark.parametrize("role", ["ApiRole", "JobsRole"])
def test_who_serves_and_who_builds_may_call_exactly_the_model_of_the_stage(
    request: pytest.FixtureRequest, name: str, model: str, role: str
) -> None:
    made: Deployment = request.getfixturevalue(name)
    [statement] = bedrock(made.app, role)
    assert (statement["Effect"], statement["Action"]) == ("Allow", "bedrock:InvokeModel")
    assert statement["Resource"] == f"arn:aws:bedrock:eu-west-1::foundation-model/{model}"
    assert "Condition" not in statement


@pytest.mark.parametrize("role", ["ApiRole", "JobsRole"])
def test_where_the_process_encodes_itself_nobody_may_call_a_model(dev: Deployment, role: str) -> None:
    assert bedrock(dev.app, role) == []


def test_the_model_follows_the_settings_of_the_service() -> None:
    assert embedding_model({}) is None
    assert embedding_model({"encoder": "minilm"}) is None
    assert embedding_model({"encoder": "titan", "encoder_dims": 512, "cors_origins": "*"}) == TITAN
    with pytest.raises(Undeployable, match="ENCODER_DIMS = 500"):
        embedding_model({"encoder": "nova", "encoder_dims": 500})
