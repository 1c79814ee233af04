"""The release state machine, in the Amazon States Language: the one owner of what a stage serves.

build -> code -> publish -> probe -> a tenth of the requests under the alarms -> all of them -> keep; or back by itself.
A deployment begins at publish, a rollback at the probe of a version that there is. Names in ``${...}`` are filled in by
CloudFormation (infra/constructs/releases.py). Source: AWS Step Functions developer guide, "Amazon States Language".
"""

from typing import Any

State = dict[str, Any]

# An hour less than the lock is held.
TIMEOUT_S = 4 * 3_600
BUILD_S = 3 * 3_600
BETWEEN_LOOKS_S = 60
SERVED, NEW, WHAT = "$.look.served", "$.look.new", "$.what"
# Nothing of the stage has changed: there is nothing to take back. And from where there is.
CLOSE, BACK = "UnlockFailed", "Back"
# What trying again can't mend. All else is a fault of AWS until it has happened six times.
_FINAL = ["AlarmUp", "KeyError", "Locked", "ProbeFailed", "Unusable", "ValueError"]


def definition(*, on_lambda: bool, minutes: int) -> State:
    """The machine of a stage. ``minutes``: how long the alarms look on before a release is settled."""
    states = {
        **_begin(),
        **_build(),
        **(_lambda() if on_lambda else _fargate()),
        **_watch(minutes, on_lambda),
        **_end(),
    }
    return {
        "Comment": "Deployments, releases and rollbacks: docs/operations.md",
        "StartAt": "Lock",
        "TimeoutSeconds": TIMEOUT_S,
        "States": states,
    }


def _begin() -> State:
    owner = {"asked.$": "$", "execution.$": "$$.Execution.Name"}
    lock = _agent("lock", "Look", CLOSE, **owner)
    lock["Catch"].insert(0, {"ErrorEquals": ["Locked"], "ResultPath": "$.failure", "Next": "Failed"})
    return {"Lock": lock, "Look": _agent("look", "What", CLOSE, "$.look", **{"asked.$": "$"})}


def _build() -> State:
    """What is made without touching what is served. The job notes what it made under the execution's name."""
    return {
        "Build": _job("build", "Built", CLOSE),
        "Built": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:getItem",
            "Parameters": {
                "TableName": "${Table}", "ConsistentRead": True, "Key": {"id": {"S.$": "$$.Execution.Name"}},
            },
            "ResultSelector": {"image.$": "$.Item.image.S", "bundle.$": "$.Item.bundle.S"},
            "ResultPath": NEW,
            "Retry": [_again(["States.TaskFailed"], 6)],
            "Catch": _catch(CLOSE),
            "Next": "Code",
        },
    }  # fmt: skip


def _lambda() -> State:
    new, served = {"new.$": NEW}, {"served.$": SERVED}
    return {
        "What": _choice([_is("release", "Build"), _is("deployment", "CodeReady")], "VersionReady"),
        "Code": _agent("code", "CodeReady", BACK, **new),
        "CodeReady": _agent("ready", "Publish", BACK, version="$LATEST"),
        "Publish": _agent("publish", "Changed", BACK, NEW, **new, **{"what.$": WHAT}),
        # Nothing has changed since the version that is served.
        "Changed": _choice(
            [{"Variable": f"{NEW}.version", "StringEqualsPath": f"{SERVED}.version", "Next": "Keep"}], "VersionReady"
        ),
        "VersionReady": _agent("ready", "Probe", BACK, **{"version.$": f"{NEW}.version"}),
        "Probe": _agent("probe", "HowFast", BACK, **new, **{"what.$": WHAT}),
        # At once: where it is asked for, a rollback, and where nothing is served yet that could be kept from harm.
        "HowFast": _choice(
            [
                {"Variable": "$.look.now", "BooleanEquals": True, "Next": "AllTraffic"},
                _is("rollback", "AllTraffic"),
                {"Variable": f"{SERVED}.bundle", "StringEquals": "", "Next": "AllTraffic"},
            ],
            "Calm",
        ),
        "SomeTraffic": _agent("give", "Pause", BACK, all=False, **new, **served),
        "AllTraffic": _agent("give", "Keep", BACK, all=True, **new, **served),
        "Keep": _agent("keep", "HasLeftovers", BACK, **new),
    }


def _fargate() -> State:
    """Servers follow the pointer, so a release is at once, and back again at once."""
    build, new = _build(), {"new.$": NEW}
    return {
        "What": _choice([_is("release", "Build")], "Keep"),
        "Built": {**build["Built"], "Next": "HowFast"},
        "HowFast": _choice([{"Variable": "$.look.now", "BooleanEquals": True, "Next": "Keep"}], "Calm"),
        "Keep": _agent("keep", "Watched", BACK, **new),
        "Watched": _choice(
            [
                {"Variable": "$.look.now", "BooleanEquals": True, "Next": "HasLeftovers"},
                _is("rollback", "HasLeftovers"),
                {"Variable": f"{SERVED}.bundle", "StringEquals": "", "Next": "HasLeftovers"},
            ],
            "Pause",
        ),
    }


def _watch(minutes: int, on_lambda: bool) -> State:
    """No alarm is up before, and none comes up while a new version is looked at."""
    first, after = ("SomeTraffic", "AllTraffic") if on_lambda else ("Keep", "HasLeftovers")
    return {
        "Calm": _agent("calm", first, BACK, "$.watch", since=0, minutes=minutes),
        "Pause": {"Type": "Wait", "Seconds": BETWEEN_LOOKS_S, "Next": "Alarms"},
        "Alarms": _agent("calm", "Over", BACK, "$.watch", minutes=minutes, **{"since.$": "$.watch.since"}),
        "Over": _choice([{"Variable": "$.watch.over", "BooleanEquals": True, "Next": after}], "Pause"),
    }


def _end() -> State:
    """A release is through even if what is old can't be removed; and what failed says so, whatever else fails."""
    owner = {"asked.$": "$", "execution.$": "$$.Execution.Name"}
    tidy = _job("tidy", "Unlock", "Unlock")
    return {
        "HasLeftovers": _choice([_is("release", "Tidy")], "Unlock"),
        "Tidy": tidy,
        "Unlock": _agent("unlock", "Done", "Done", **owner),
        "Done": {"Type": "Succeed"},
        BACK: {**_agent("back", CLOSE, CLOSE, **{"served.$": SERVED}), "Catch": _catch(CLOSE, "$.stuck")},
        CLOSE: {**_agent("unlock", "Failed", "Failed", **owner), "Catch": _catch("Failed", "$.stuck")},
        "Failed": {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"},
    }


def _agent(do: str, then: str, otherwise: str, result: str | None = None, **fields: object) -> State:
    """A call of the agent, whose verbs may be repeated."""
    return {
        "Type": "Task",
        "Resource": "${Agent}",
        "Parameters": {"do": do, **fields},
        "ResultPath": result,
        "TimeoutSeconds": 300,
        # A snapshot takes minutes.
        "Retry": [{"ErrorEquals": ["NotReady"], "IntervalSeconds": 10, "MaxAttempts": 90, "BackoffRate": 1.0},
                  {"ErrorEquals": _FINAL, "MaxAttempts": 0}, _again(["States.ALL"], 6)],
        "Catch": _catch(otherwise),
        "Next": then,
    }  # fmt: skip


def _job(step: str, then: str, otherwise: str) -> State:
    values = {"RELEASE_STEP": step}
    variables: list[State] = [{"Name": name, "Value": value, "Type": "PLAINTEXT"} for name, value in values.items()]
    variables.append({"Name": "RELEASE_ID", "Value.$": "$$.Execution.Name", "Type": "PLAINTEXT"})
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::codebuild:startBuild.sync",
        "Parameters": {"ProjectName": "${Project}", "EnvironmentVariablesOverride": variables},
        "ResultPath": None,
        "TimeoutSeconds": BUILD_S,
        "Catch": _catch(otherwise),
        "Next": then,
    }


def _choice(choices: list[State], default: str) -> State:
    return {"Type": "Choice", "Choices": choices, "Default": default}


def _is(what: str, then: str) -> State:
    return {"Variable": WHAT, "StringEquals": what, "Next": then}


def _catch(then: str, result: str = "$.failure") -> list[State]:
    return [{"ErrorEquals": ["States.ALL"], "ResultPath": result, "Next": then}]


def _again(errors: list[str], times: int) -> State:
    return {"ErrorEquals": errors, "IntervalSeconds": 2, "MaxAttempts": times, "BackoffRate": 2.0}
