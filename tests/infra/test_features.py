"""The SageMaker features job: off by default; its role has two prefixes and one key, and it has no network."""

import json
from pathlib import Path

import pytest

from data_jobs import processing
from infra.constructs import features
from tests.infra.templates import Deployment, Template, as_list, text_of
from tests.infra.tools import ROOT


@pytest.fixture
def made(domain: Deployment) -> Template:
    """The variant with this job."""
    return domain.app


def machine(template: Template) -> dict[str, object]:
    named = [each for each in template.properties("AWS::StepFunctions::StateMachine")
             if str(each["StateMachineName"]).endswith("-features")]  # fmt: skip
    assert len(named) == 1
    return named[0]


def job(template: Template) -> dict[str, object]:
    state = json.loads(str(machine(template)["DefinitionString"]))["States"]["Features"]
    assert state["Resource"] == "arn:aws:states:::sagemaker:createProcessingJob.sync"
    parameters: dict[str, object] = state["Parameters"]
    return parameters


def test_without_an_instance_there_is_none(dev: Deployment, prod: Deployment) -> None:
    for each in (dev, prod):
        assert "sagemaker" not in json.dumps(each.app.document)


def test_it_reads_raw_and_writes_features_where_the_code_looks(made: Template) -> None:
    parameters = job(made)
    [source], [sink] = parameters["ProcessingInputs"], parameters["ProcessingOutputConfig"]["Outputs"]
    assert (source["S3Input"]["S3Uri"], source["S3Input"]["LocalPath"]) == (
        "s3://${Bucket}/raw/", f"{processing.PREFIX}/processing/input",
    )  # fmt: skip
    assert (sink["S3Output"]["S3Uri"], sink["S3Output"]["LocalPath"]) == (
        "s3://${Bucket}/features/", f"{processing.PREFIX}/processing/output",
    )  # fmt: skip


def test_it_is_isolated_encrypted_and_limited(made: Template) -> None:
    parameters = job(made)
    assert parameters["NetworkConfig"] == {"EnableNetworkIsolation": True}
    cluster = parameters["ProcessingResources"]["ClusterConfig"]
    assert (cluster["InstanceType"], cluster["VolumeKmsKeyId"]) == ("ml.m5.large", "${Key}")
    assert parameters["StoppingCondition"] == {"MaxRuntimeInSeconds": 3_600}
    assert "OperationsKey" in text_of(machine(made)["DefinitionSubstitutions"]["Key"])


def test_the_container_s_role_has_two_prefixes(made: Template) -> None:
    objects = {
        action: text_of(each["Resource"])
        for each in made.statements("FeaturesRole")
        for action in as_list(each["Action"])
        if action.startswith("s3:")
    }
    assert set(objects) == {"s3:ListBucket", "s3:GetObject", "s3:PutObject"}
    assert "/raw/*" in objects["s3:GetObject"]
    assert "features" not in objects["s3:GetObject"]
    assert "/features/*" in objects["s3:PutObject"]
    [listing] = [each for each in made.statements("FeaturesRole") if each["Action"] == "s3:ListBucket"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["raw/*", "features/*"]}}
    assert not {
        each for each in made.actions("FeaturesRole") if each.partition(":")[0] in {"iam", "dynamodb", "bedrock"}
    }


def test_only_sagemaker_gets_the_role_and_only_jobs_of_this_stage_are_started(made: Template) -> None:
    statements = made.statements("FeaturesMachineRole")
    [passing] = [each for each in statements if each["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    [starting] = [each for each in statements if "sagemaker:CreateProcessingJob" in as_list(each["Action"])]
    assert str(starting["Resource"]).endswith("processing-job/marquee-prod-features-*")


def test_the_image_runs_what_the_job_names(made: Template) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    target = dockerfile.split("FROM jobs AS processing")[1]
    entry = json.loads(target.split("ENTRYPOINT ")[1].splitlines()[0])
    assert entry == job(made)["AppSpecification"]["ContainerEntrypoint"] == features.ENTRYPOINT
    assert Path(processing.__file__).name == f"{entry[-1].rpartition('.')[2]}.py"
