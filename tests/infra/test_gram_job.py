"""Spark on EMR Serverless: off by default, without initial capacity; its role has three prefixes."""

import json
from typing import Any

import pytest

from data_jobs.spark import gram_job as file
from infra.constructs import gram_job
from infra.settings import Undeployable, load_settings
from tests.infra.templates import Deployment, Template, as_list, text_of
from tests.infra.tools import ROOT


@pytest.fixture
def made(explained: Deployment) -> Template:
    """The variant with this job."""
    return explained.app


def machine(template: Template) -> dict[str, Any]:
    [properties] = [each for each in template.properties("AWS::StepFunctions::StateMachine")
               if str(each["StateMachineName"]).endswith("-gram")]  # fmt: skip
    return dict(properties)


def job(template: Template) -> dict[str, Any]:
    state = json.loads(str(machine(template)["DefinitionString"]))["States"]["Count"]
    assert state["Resource"] == "arn:aws:states:::emr-serverless:startJobRun.sync"
    return dict(state["Parameters"])


def test_without_the_setting_there_is_none(dev: Deployment, prod: Deployment) -> None:
    for each in (dev, prod):
        assert "emr" not in json.dumps(each.app.document).lower()


def test_it_has_no_initial_capacity_and_a_maximum(made: Template) -> None:
    application = made.one("AWS::EMRServerless::Application")
    assert "InitialCapacity" not in application
    assert application["AutoStopConfiguration"] == {"Enabled": True, "IdleTimeoutMinutes": 5}
    assert application["MaximumCapacity"] == {"Cpu": "64 vCPU", "Memory": "512 GB"}
    assert (application["Type"], application["Architecture"]) == ("SPARK", "X86_64")


def test_it_runs_the_file_of_this_release_with_arguments_that_it_takes(made: Template) -> None:
    assert (ROOT / gram_job.JOB).samefile(file.__file__)
    driver = job(made)["JobDriver"]["SparkSubmit"]
    assert "cdk-hnb659fds-assets" in text_of(machine(made)["DefinitionSubstitutions"]["File"])
    text = driver["EntryPointArguments.$"].removeprefix("States.Array(").removesuffix(")")
    arguments = [each.strip().strip("'") for each in text.split(",")]
    options = file.arguments(arguments)
    assert (options.events, options.films, options.overwrite) == (["$.events"], "$.films", True)
    assert options.out == "s3://${Bucket}/gram"


def test_the_job_s_role_reads_two_prefixes_and_replaces_one(made: Template) -> None:
    allowed: dict[str, str] = {}
    for each in made.statements("GramRole"):
        for action in as_list(each["Action"]):
            allowed[action] = allowed.get(action, "") + text_of(each["Resource"])
    assert set(allowed) == {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
    for prefix in ("/raw/*", "/features/*", "/gram/*"):
        assert prefix in allowed["s3:GetObject"]
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert "/gram/*" in allowed[action]
        assert "raw" not in allowed[action]


def test_only_emr_serverless_gets_the_role_and_only_this_application_is_started(made: Template) -> None:
    statements = made.statements("GramMachineRole")
    [passing] = [each for each in statements if each["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}}
    [starting] = [each for each in statements if each["Action"] == "emr-serverless:StartJobRun"]
    assert "GramApplication" in text_of(starting["Resource"])
    assert "*" not in text_of(starting["Resource"])


@pytest.mark.parametrize("wrong", [{"spark": "maybe"}, {"spark_vcpus": "4"}])
def test_an_invalid_setting_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Undeployable):
        load_settings({"stage": "dev", **wrong}, {})
