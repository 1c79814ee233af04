"""An interpreter for what our state machine uses of the Amazon States Language, with a clock of its own.

Strict: a field, a comparison or a path that it does not know is an error, so that nothing deployed goes unnoticed.
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
    """What a task ends with: the name of the error, and its cause."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(f"{name}: {cause}")
        self.name, self.cause = name, cause


# The state's name, its resource and its parameters; the result. Raises StateError.
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
            found = self.definition["States"][state]
            unknown = found.keys() - _FIELDS[found["Type"]] - {"Type"}
            assert not unknown, f"{state}: {unknown}"
            data, state = getattr(self, f"_{found['Type'].lower()}")(state, found, data)
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
            value, wanted = self.value(rule["Variable"], data), rule[comparison]
            if comparison == "StringEqualsPath":
                wanted = self.value(wanted, data)
            else:
                assert comparison in {"StringEquals", "BooleanEquals"}, comparison
            assert isinstance(value, bool if comparison == "BooleanEquals" else str), f"{rule}: {value!r}"
            if value == wanted:
                return data, rule["Next"]
        return data, state["Default"]

    def _task(self, name: str, state: Json, data: Json) -> tuple[Json, str]:
        tried: dict[int, int] = {}
        while True:
            try:
                result = self.run(name, state["Resource"], self.filled(state["Parameters"], data))
                selected = self.filled(state["ResultSelector"], result) if "ResultSelector" in state else result
                return put(data, state["ResultPath"], selected), state["Next"]
            except StateError as error:
                pause = _pause(state.get("Retry", ()), error, tried)
                if pause is not None:
                    self._pass(pause)
                    continue
                for catcher in state["Catch"]:
                    assert not catcher.keys() - _CATCH
                    if _meant(catcher, error):
                        told = {"Error": error.name, "Cause": error.cause}
                        return put(data, catcher["ResultPath"], told), catcher["Next"]
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
        """What is at a reference path, of the data or (``$$``) of the context."""
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
    made = copy.deepcopy(data)
    *parents, last = path.removeprefix("$.").split(".")
    place = made
    for part in parents:
        place = place[part]
    place[last] = value
    return made


def _meant(rule: Json, error: StateError) -> bool:
    return "States.ALL" in rule["ErrorEquals"] or error.name in rule["ErrorEquals"]


def _pause(retries: Any, error: StateError, tried: dict[int, int]) -> float | None:
    """How long to wait before the next try by the first rule for this error; None: no more."""
    for number, rule in enumerate(retries):
        assert not rule.keys() - _RETRY
        if _meant(rule, error):
            times = tried[number] = tried.get(number, 0) + 1
            if times > rule["MaxAttempts"]:
                return None
            return float(rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2.0) ** (times - 1))
    return None
