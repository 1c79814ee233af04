"""The steps of deployments, releases and rollbacks, with scripted responses of AWS."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.release.__main__ import followed
from infra.release.agent.lock import Locked
from infra.release.stage import NotDeployed, Stage, guarded
from infra.settings import load_settings
from tests.infra.stage import Table

DOMAIN = {"domain_name": "films.example.com", "hosted_zone_id": "Z1", "hosted_zone_name": "example.com"}


class Aws:
    """All AWS clients of a stage in one."""

    def __init__(self, **outputs: str) -> None:
        self.outputs = outputs
        self.table = Table()
        self.started: list[dict[str, str]] = []
        self.looks = 0

    def __call__(self, service: str) -> Any:
        return self.table if service == "dynamodb" else self

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        outputs = [{"OutputKey": name, "OutputValue": value} for name, value in self.outputs.items()]
        return {"Stacks": [{"Outputs": outputs} if outputs else {}]}

    def start_execution(self, **request: str) -> dict[str, str]:
        self.started.append(request)
        return {"executionArn": "arn:execution"}

    def describe_execution(self, **_: str) -> dict[str, str]:
        self.looks += 1
        ended = {"status": "FAILED", "error": "ProbeFailed", "cause": "words: expected 20 different films"}
        return {"status": "RUNNING"} if self.looks < 3 else ended

    def get_paginator(self, _name: str) -> "Aws":
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        entered = ["Lock", "Look", "Probe"][: self.looks]
        at = datetime(2026, 11, 28, 12, tzinfo=UTC)
        events = [{"id": n, "timestamp": at, "stateEnteredEventDetails": {"name": each}}
                  for n, each in enumerate(entered, 1)]  # fmt: skip
        return [{"events": events[:1]}, {"events": events[1:]}]


def stage(aws: Aws) -> Stage:
    return Stage("dev", aws, pause=lambda _seconds: None)


def test_following_prints_each_state_and_the_cause_of_a_failure() -> None:
    aws, lines = Aws(ReleaseMachine="arn:machine"), list[str]()
    assert stage(aws).start({"what": "release"}) == "arn:execution"
    assert aws.started == [{"stateMachineArn": "arn:machine", "input": '{"what": "release"}'}]
    assert stage(aws).follow("arn:execution", lines.append) == 1
    assert [each.split()[-1] for each in lines[:-1]] == ["Lock", "Look", "Probe"]
    assert lines[-1] == "FAILED: ProbeFailed: words: expected 20 different films\n"


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [(KeyboardInterrupt(), 130, ""), (ClientError({"Error": {"Code": "ExpiredToken"}}, "DescribeExecution"), 1,
      "ExpiredToken")],
)  # fmt: skip
def test_an_interrupted_follow_says_how_to_resume(
    fault: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted(Aws):
        def describe_execution(self, **_: str) -> dict[str, str]:
            raise fault

    assert followed(stage(Interrupted(ReleaseMachine="arn:machine")), "arn:execution") == code
    errors = capsys.readouterr().err
    assert message in errors
    assert "It continues. To follow it again: python -m infra.release dev follow arn:execution" in errors


def test_a_stage_that_is_not_deployed_names_the_command() -> None:
    with pytest.raises(NotDeployed, match="Stage dev has no ReleaseMachine yet: make deploy STAGE=dev"):
        stage(Aws()).start({"what": "release"})


def test_a_lock_is_released_by_its_owner_or_explicitly_for_any_owner() -> None:
    aws = Aws(ReleaseTable="releases")
    aws.table.get_item = lambda **_: {"Item": aws.table.items["lock"]} if aws.table.items else {}
    deployed = stage(aws)
    deployed.lock.take("deploy-anna", "deployment")
    with pytest.raises(Locked, match="deploy-anna holds the stage"):
        deployed.lock.take("deploy-bob", "deployment")
    assert deployed.end_lock("deploy-bob") == ""
    assert deployed.end_lock("") == "deploy-anna"
    assert aws.table.items == {}
    assert deployed.end_lock("") == ""


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ({"stage": "prod"}, {"stage": "prod", "search": "embedded"}, {"search": "opensearch"}),
        ({"stage": "dev", **DOMAIN}, {"stage": "dev"}, {"domain_name": "films.example.com"}),
        ({"stage": "dev", "alarm_mail": "a@example.com"}, {"stage": "dev"}, {"alarm_mail": "a@example.com"}),
        ({"stage": "dev", "release_schedule": "rate(7 days)"}, {"stage": "dev"}, {"release_schedule": "rate(7 days)"}),
        ({"stage": "dev", "alarm_mail": "a@example.com"}, {"stage": "dev", "alarm_mail": "b@example.com"}, {}),
        ({"stage": "dev"}, {"stage": "dev", "search": "opensearch", **DOMAIN}, {}),
    ],
)
def test_settings_that_a_deployment_would_remove_are_named(
    before: dict[str, str], after: dict[str, str], lost: dict[str, str]
) -> None:
    deployed = json.dumps(guarded(load_settings(before, {})))
    assert stage(Aws(Deployed=deployed)).lost(load_settings(after, {})) == lost


def test_a_stage_without_recorded_settings_loses_nothing() -> None:
    assert stage(Aws(Url="https://films")).lost(load_settings({"stage": "dev"}, {})) == {}
