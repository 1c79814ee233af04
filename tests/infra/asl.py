"""An interpreter for the part of the Amazon States Language that our state machine uses, with a simulated clock.

Strict: an unknown field, comparison or path is an error, so that nothing deployed is silently ignored.
Source: AWS Step Functions developer guide, "Amazon States Language", "Error handling", "Input and output processing".
"""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any
_FIELDS = {
    "Task": {"Resource", "Parameters", "ResultSelector", "ResultPath", "TimeoutSeconds", "Retry", "Catch", "Next"},
    "Choice": {"Choices", "Default"},
    "Wait": {"Seconds", "Next"},
    "Succeed": set(),
    "Fail": {"ErrorPath", "CausePath"},
}
_RULE = {"Variable", "Next"}
_RETRY = {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate"}
_CATCH = {"ErrorEquals", "ResultPath", "Next"}


class StateError(Exception):
    """The error that a task ends with: its name and cause."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(f"{name}: {cause}")
        self.name, self.cause = name, cause


# Takes a state's name, resource and parameters, and returns the result. Raises StateError.
Run = Callable[[str, str, Json], Json]


@dataclass
class Execution:
    """One run. ``now``: seconds since its start, advanced by waits and retries only. ``trail``: states in order."""

    definition: Mapping[str, Json]
    run: Run
    name: str = "execution-1"
    now: float = 0.0
    trail: list[str] = field(default_factory=list)
    status: str = "RUNNING"
    error: str = ""
    cause: str = ""
    tick: Callable[[float], None] = lambda _seconds: None

    def start(self, data: Json) -> "Execution":
        """Run to the end."""
        data, state = copy.deepcopy(data), self.definition["StartAt"]
        while self.status == "RUNNING":
            assert len(self.trail) < 2_000, f"no end: {self.trail[-20:]}"
            if self.now > self.definition["TimeoutSeconds"]:
                self.status, self.error = "TIMED_OUT", "States.Timeout"
                break
            self.trail.append(state)
            fields = self.definition["States"][state]
            unknown = fields.keys() - _FIELDS[fields["Type"]] - {"Type"}
            assert not unknown, f"{state}: {unknown}"
            data, state = getattr(self, f"_{fields['Type'].lower()}")(state, fields, data)
        return self

    def _wait(self, _name: str, state: Json, data: Json) -> tuple[Json, str]:
        self._pass(state["Seconds"])
        return data, state["Next"]

    def _succeed(self, _name: str, _state: Json, data: Json) -> tuple[Json, str]:
        self.status = "SUCCEEDED"
        return data, ""

    def _fail(self, _name: str, state: Json, data: Json) -> tuple[Json, str]:
        self.status = "FAILED"
        self.error, self.cause = self.value(state["ErrorPath"], data), self.value(state["CausePath"], data)
        return data, ""

    def _choice(self, _name: str, state: Json, data: Json) -> tuple[Json, str]:
        for rule in state["Choices"]:
            [comparison] = rule.keys() - _RULE
            value, operand = self.value(rule["Variable"], data), rule[comparison]
            if comparison == "StringEqualsPath":
                operand = self.value(operand, data)
            else:
                assert comparison in {"StringEquals", "BooleanEquals"}, comparison
            assert isinstance(value, bool if comparison == "BooleanEquals" else str), f"{rule}: {value!r}"
            if value == operand:
                return data, rule["Next"]
        return data, state["Default"]

    def _task(self, name: str, state: Json, data: Json) -> tuple[Json, str]:
        attempts: dict[int, int] = {}
        while True:
            try:
                result = self.run(name, state["Resource"], self.filled(state["Parameters"], data))
                selected = self.filled(state["ResultSelector"], result) if "ResultSelector" in state else result
                return put(data, state["ResultPath"], selected), state["Next"]
            except StateError as error:
                pause = _pause(state.get("Retry", ()), error, attempts)
                if pause is not None:
                    self._pass(pause)
                    continue
                for catcher in state["Catch"]:
                    assert not catcher.keys() - _CATCH
                    if _matches(catcher, error):
                        output = {"Error": error.name, "Cause": error.cause}
                        return put(data, catcher["ResultPath"], output), catcher["Next"]
                self.status, self.error, self.cause = "FAILED", error.name, error.cause
                return data, ""

    def filled(self, template: Json, data: Json) -> Json:
        """A payload template: values of keys that end with ``.$`` are paths."""
        if isinstance(template, list):
            return [self.filled(each, data) for each in template]
        if not isinstance(template, dict):
            return template
        return {
            key.removesuffix(".$"): self.value(value, data) if key.endswith(".$") else self.filled(value, data)
            for key, value in template.items()
        }

    def value(self, path: str, data: Json) -> Json:
        """The value at a reference path in the data or, with ``$$``, in the context."""
        source = {"Execution": {"Name": self.name}} if path.startswith("$$") else data
        try:
            for part in path.lstrip("$").split(".")[1:]:
                source = source[part]
        except (KeyError, TypeError) as error:
            raise AssertionError(f"{path} is not in {json.dumps(data)}") from error
        return copy.deepcopy(source)

    def _pass(self, seconds: float) -> None:
        self.now += seconds
        self.tick(seconds)


def put(data: Json, path: str | None, value: Json) -> Json:
    """The data with a value at a reference path; None leaves it as it is."""
    if path is None:
        return data
    result = copy.deepcopy(data)
    *parents, last = path.removeprefix("$.").split(".")
    place = result
    for part in parents:
        place = place[part]
    place[last] = value
    return result


def _matches(rule: Json, error: StateError) -> bool:
    return "States.ALL" in rule["ErrorEquals"] or error.name in rule["ErrorEquals"]


def _pause(retries: Any, error: StateError, attempts: dict[int, int]) -> float | None:
    """Seconds to wait before the next attempt, by the first rule for this error; None: no more attempts."""
    for number, rule in enumerate(retries):
        assert not rule.keys() - _RETRY
        if _matches(rule, error):
            times = attempts[number] = attempts.get(number, 0) + 1
            if times > rule["MaxAttempts"]:
                return None
            return float(rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2.0) ** (times - 1))
    return None
