"""The Bedrock embedding model: permissions for the roles that call it, and none if no stage setting names one."""

import re
from pathlib import Path

import pytest

from infra.service_settings import embedding_model
from infra.settings import Undeployable
from services.adapters.embed.bedrock import batch
from tests.infra.templates import ACCOUNT, Deployment, Template, as_list, synthesise, text_of

TITAN, NOVA = "amazon.titan-embed-text-v2:0", "amazon.nova-2-multimodal-embeddings-v1:0"


def bedrock(template: Template, role: str) -> list[dict]:
    return [each for each in template.statements(role) if "bedrock:" in text_of(each["Action"])]


@pytest.mark.parametrize(("name", "model"), [("classic", TITAN), ("fargate", NOVA)])
@pytest.mark.parametrize("role", ["ApiRole", "JobsRole"])
def test_serving_and_building_may_call_exactly_the_model_of_the_stage(
    request: pytest.FixtureRequest, name: str, model: str, role: str
) -> None:
    made: Deployment = request.getfixturevalue(name)
    [statement] = [each for each in bedrock(made.app, role) if "bedrock:InvokeModel" in as_list(each["Action"])]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "bedrock:InvokeModel")
    assert statement["Resource"] == f"arn:aws:bedrock:eu-west-1::foundation-model/{model}"
    assert "Condition" not in statement


@pytest.mark.parametrize("role", ["ApiRole", "JobsRole"])
def test_a_stage_that_encodes_locally_may_call_no_model(dev: Deployment, role: str) -> None:
    assert bedrock(dev.app, role) == []


def test_the_model_follows_the_settings_of_the_service() -> None:
    assert embedding_model({}) is None
    assert embedding_model({"encoder": "minilm"}) is None
    assert embedding_model({"encoder": "titan", "encoder_dims": 512, "cors_origins": "*"}) == TITAN
    with pytest.raises(Undeployable, match="ENCODER_DIMS = 500"):
        embedding_model({"encoder": "nova", "encoder_dims": 500})


JOBS = "model-invocation-job/*"


def rights(template: Template, role: str, service: str) -> dict[str, list[str]]:
    """A role's permissions in a service: resources by action."""
    return {action: [text_of(each) for each in as_list(statement["Resource"])]
            for statement in template.statements(role) for action in as_list(statement["Action"])
            if action.startswith(f"{service}:")}  # fmt: skip


def test_the_release_job_may_do_exactly_what_a_batch_job_needs(classic: Deployment) -> None:
    allowed = rights(classic.app, "JobsRole", "bedrock")
    # InvokeModel is for texts that a batch job did not encode.
    assert set(allowed) == {"bedrock:InvokeModel", *(f"bedrock:{each}" for each in called_by_the_adapter())}
    jobs, model = sorted(allowed["bedrock:CreateModelInvocationJob"], key=lambda arn: "foundation-model" in arn)
    assert model == text_of(f"arn:aws:bedrock:eu-west-1::foundation-model/{TITAN}")
    assert [jobs] == allowed["bedrock:GetModelInvocationJob"]
    assert jobs == text_of(f"arn:aws:bedrock:eu-west-1:{ACCOUNT}:{JOBS}")
    [passing] = [each for each in classic.app.statements("JobsRole") if "iam:PassRole" in as_list(each["Action"])]
    assert "BatchRole" in text_of(passing["Resource"])
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}


def called_by_the_adapter() -> set[str]:
    """The operations of Bedrock's control plane that the adapter calls."""
    source = Path(batch.__file__).read_text()
    return {"".join(part.title() for part in name.split("_")) for name in re.findall(r'"((?:create|get)_\w+)"', source)}


def test_both_roles_reach_the_files_of_batch_jobs_where_the_adapter_puts_them(classic: Deployment) -> None:
    expected = {"JobsRole": ("GetObject", "PutObject", "DeleteObject"), "BatchRole": ("GetObject", "PutObject")}
    for role, actions in expected.items():
        for action in actions:
            statements = [each for each in classic.app.statements(role) if f"s3:{action}" in as_list(each["Action"])]
            assert any(f"/{batch.FOLDER}/*" in text_of(each["Resource"]) for each in statements), (role, action)
    assert set(rights(classic.app, "BatchRole", "s3")) == {"s3:ListBucket", "s3:GetObject", "s3:PutObject"}
    assert classic.app.actions("BatchRole") == set(rights(classic.app, "BatchRole", "s3"))


def test_only_batch_jobs_of_this_account_get_the_batch_role(classic: Deployment) -> None:
    [role] = [each for each in classic.app.properties("AWS::IAM::Role") if "batch jobs" in each.get("Description", "")]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert JOBS in text_of(trust["Condition"]["ArnLike"])


def test_only_the_release_job_gets_the_batch_role(classic: Deployment) -> None:
    [project] = classic.app.properties("AWS::CodeBuild::Project")
    variables = {each["Name"]: each["Value"] for each in project["Environment"]["EnvironmentVariables"]}
    assert "BatchRole" in text_of(variables["BEDROCK_BATCH_ROLE"])
    assert "BEDROCK_BATCH_ROLE" not in text_of(classic.app.properties("AWS::Lambda::Function"))


def test_leftover_files_of_batch_jobs_expire(classic: Deployment) -> None:
    [rules] = [each["LifecycleConfiguration"]["Rules"] for each in classic.app.properties("AWS::S3::Bucket")
               if f"{batch.FOLDER}/" in text_of(each.get("LifecycleConfiguration", {}))]  # fmt: skip
    [expiring] = [each for each in rules if each.get("Prefix") == f"{batch.FOLDER}/"]
    assert expiring["ExpirationInDays"] == 14
    assert not [each for each in rules if "ExpirationInDays" in each and "Prefix" not in each]


def test_without_batch_jobs_there_is_no_role_for_them(fargate: Deployment) -> None:
    assert set(rights(fargate.app, "JobsRole", "bedrock")) == {"bedrock:InvokeModel"}
    assert "BEDROCK_BATCH_ROLE" not in text_of(fargate.app.document)
    assert fargate.app.statements("BatchRole") == []


def test_batch_jobs_without_a_model_of_bedrock_are_refused(tmp_path: Path) -> None:
    code, errors = synthesise(tmp_path, {"stage": "dev", "embedding_batch": "true"})
    assert code == 2
    assert "embedding_batch is set: expected service.encoder titan or nova, too" in errors
