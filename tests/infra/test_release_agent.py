"""How the release agent reads responses of AWS: a missing alarm or an idle version is not a healthy one."""

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
    """``states``: states of the existing alarms by name."""

    def __init__(self, **states: str) -> None:
        self.states = states

    def describe_alarms(self, *, AlarmNames: list[str]) -> dict[str, Any]:
        alarms = [{"AlarmName": name, "StateValue": self.states[name]} for name in AlarmNames if name in self.states]
        return {"MetricAlarms": alarms}


def test_alarms_that_are_up_are_returned() -> None:
    watch = CloudWatch(Latency="OK", ErrorRate="ALARM", LambdaErrors="INSUFFICIENT_DATA")
    assert alarms_up(watch, ["Latency", "ErrorRate", "LambdaErrors"]) == ["ErrorRate"]


def test_a_missing_alarm_counts_as_up() -> None:
    """Otherwise a renamed alarm would never stop a release."""
    assert alarms_up(CloudWatch(Latency="OK"), ["Latency", "ErrorRate"]) == ["ErrorRate"]


class Idle:
    """A function with a version that was not called for long. ``answer``: the result of calling it."""

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
