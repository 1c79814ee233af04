"""What the release agent asks of AWS, where an answer that says nothing must not be taken for a good one."""

import io
import json
from typing import Any

import pytest

from infra.release.agent.main import alarms_up
from infra.release.agent.serving import AliasedFunction, NotReady, Unusable
from tests.infra.stage import (
    ClientError,
    Exceptions,
    ResourceConflictException,
    ResourceNotReadyException,
    SnapStartNotReadyException,
)


class CloudWatch:
    """``states``: of the alarms that there are, by name."""

    def __init__(self, **states: str) -> None:
        self.states = states

    def describe_alarms(self, *, AlarmNames: list[str]) -> dict[str, Any]:
        found = [{"AlarmName": name, "StateValue": self.states[name]} for name in AlarmNames if name in self.states]
        return {"MetricAlarms": found}


def test_alarms_that_are_up_are_told() -> None:
    watch = CloudWatch(Latency="OK", ErrorRate="ALARM", LambdaErrors="INSUFFICIENT_DATA")
    assert alarms_up(watch, ["Latency", "ErrorRate", "LambdaErrors"]) == ["ErrorRate"]


def test_an_alarm_that_is_not_there_counts_as_up() -> None:
    """Nothing would end a release whose alarm has another name by now."""
    assert alarms_up(CloudWatch(Latency="OK"), ["Latency", "ErrorRate"]) == ["ErrorRate"]


class Idle:
    """A function whose version nobody called for long. ``answer``: what a call of it gives."""

    exceptions = Exceptions

    def __init__(self, answer: ClientError | dict[str, Any]) -> None:
        self.answer, self.called = answer, 0

    def get_function_configuration(self, **_: str) -> dict[str, str]:
        return {"State": "Inactive", "LastUpdateStatus": "Successful"}

    def invoke(self, **_: object) -> dict[str, Any]:
        self.called += 1
        if isinstance(self.answer, ClientError):
            raise self.answer
        return {"Payload": io.BytesIO(json.dumps({}).encode()), **self.answer}


@pytest.mark.parametrize(
    "answer", [SnapStartNotReadyException(), ResourceConflictException(), ResourceNotReadyException(), {}]
)
def test_a_version_that_was_idle_is_woken_and_waited_for(answer: ClientError | dict[str, Any]) -> None:
    idle = Idle(answer)
    with pytest.raises(NotReady, match="version 7"):
        AliasedFunction(idle, "api", "live").check("7")
    assert idle.called == 1


def test_a_version_that_was_idle_and_ends_with_an_error_is_not_waited_for() -> None:
    with pytest.raises(Unusable, match="version 7 ended with an error"):
        AliasedFunction(Idle({"FunctionError": "Unhandled"}), "api", "live").check("7")
