"""The release state machine in the Amazon States Language: it alone changes what a stage serves.

build -> two-tower endpoint, if there is one -> code -> publish -> probe -> a tenth of the requests under the alarms ->
all of them -> keep; or automatic rollback. A deployment starts at code, a rollback at the probe of an existing
version. CloudFormation fills in names in ``${...}`` (infra/constructs/releases.py). Source: AWS Step Functions
developer guide, "Amazon States Language".
"""

from typing import Any

State = dict[str, Any]

# An hour less than the lock's expiry.
TIMEOUT_S = 4 * 3_600
BUILD_S = 3 * 3_600
BETWEEN_LOOKS_S = 60
SERVED, NEW, WHAT, TOWERS = "$.look.served", "$.look.new", "$.what", "$.look.towers"
# The lock's owner: that of the request, if given, else the execution.
OWNER = {"asked.$": "$", "execution.$": "$$.Execution.Name"}
# The next state after a failure: the end, as long as nothing has changed; after that, restoring first.
CLOSE, BACK = "UnlockFailed", "Back"
# Errors that retries do not fix. All others are taken for AWS faults and retried six times.
_FINAL = ["AlarmUp", "KeyError", "Locked", "ProbeFailed", "Unusable", "ValueError"]


def definition(*, on_lambda: bool, minutes: int, towers: bool = False) -> State:
    """Return the machine of a stage. ``minutes``: how long a new version is watched before it is final. ``towers``: it
    has a two-tower endpoint, which takes the release's model before anything calls it.
    """
    built = "Code" if on_lambda else "Probe"
    states = {
        **_begin(),
        **_build("Towers" if towers else built),
        **(_towers(built) if towers else {}),
        **(_lambda() if on_lambda else _fargate()),
        **_watch(minutes, on_lambda),
        **_end(on_lambda),
    }
    return {
        "Comment": "Deployments, releases and rollbacks: docs/operations.md",
        "StartAt": "Lock",
        "TimeoutSeconds": TIMEOUT_S,
        "States": states,
    }


def _begin() -> State:
    lock = _agent("lock", "Look", CLOSE, **OWNER)
    # Another owner's lock stays.
    lock["Catch"].insert(0, {"ErrorEquals": ["Locked"], "ResultPath": "$.failure", "Next": "Failed"})
    return {"Lock": lock, "Look": _agent("look", "What", CLOSE, "$.look", **{"asked.$": "$"})}


def _build(then: str) -> State:
    """Build without touching what is served. The job stores its results under the execution's name."""
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
            "Next": then,
        },
    }  # fmt: skip


def _towers(then: str) -> State:
    """Deploy the new model to its endpoint, under its own alarms and a query of the agent."""
    return {
        "Towers": _agent("towers", "TowersReady", BACK, "$.towers", **{"new.$": NEW}),
        "TowersReady": _agent("towers_ready", then, BACK, **{"config.$": "$.towers.config"}),
    }


def _lambda() -> State:
    """Publish a version, probe it, give it a tenth of the requests, then all, and keep it."""
    new, served = {"new.$": NEW}, {"served.$": SERVED}
    return {
        "What": _choice([_is("release", "Build"), _is("deployment", "Code")], "VersionReady"),
        "Code": _agent("code", "CodeReady", BACK, **new),
        "CodeReady": _agent("ready", "Publish", BACK, version="$LATEST"),
        "Publish": _agent("publish", "Changed", BACK, NEW, **new, **{"what.$": WHAT}),
        # Nothing has changed since the version being served.
        "Changed": _choice(
            [{"Variable": f"{NEW}.version", "StringEqualsPath": f"{SERVED}.version", "Next": "Keep"}], "VersionReady"
        ),
        "VersionReady": _agent("ready", "Probe", BACK, **{"version.$": f"{NEW}.version"}),
        "Probe": _agent("probe", "HowFast", BACK, **new, **{"what.$": WHAT}),
        "HowFast": _at_once("AllTraffic", "Calm"),
        "SomeTraffic": _agent("give", "Pause", BACK, all=False, **new, **served),
        "AllTraffic": _agent("give", "Keep", BACK, all=True, **new, **served),
        "Keep": _agent("keep", "HasLeftovers", BACK, **new),
    }


def _fargate() -> State:
    """Servers follow the pointer: all switch to a release at once, and back at once. Before that the job serves the
    bundle locally and probes it; the target of a rollback was probed when it was released.
    """
    return {
        "What": _choice([_is("release", "Build")], "Keep"),
        "Probe": _job("probe", "HowFast", CLOSE, RELEASE_BUNDLE=f"{NEW}.bundle"),
        "HowFast": _at_once("Keep", "Calm"),
        "Keep": _agent("keep", "Watched", BACK, **{"new.$": NEW}),
        "Watched": _at_once("HasLeftovers", "Pause"),
    }


def _at_once(then: str, watched: str) -> State:
    """Skip the alarms if requested, in a rollback, and if nothing is served yet that they could protect; else go to
    ``watched``.
    """
    return _choice(
        [
            {"Variable": "$.look.now", "BooleanEquals": True, "Next": then},
            _is("rollback", then),
            {"Variable": f"{SERVED}.bundle", "StringEquals": "", "Next": then},
        ],
        watched,
    )


def _watch(minutes: int, on_lambda: bool) -> State:
    """No alarm may be up before, and none may go up while the new version is watched."""
    first, after = ("SomeTraffic", "AllTraffic") if on_lambda else ("Keep", "HasLeftovers")
    return {
        "Calm": _agent("calm", first, BACK, "$.watch", since=0, minutes=minutes),
        "Pause": {"Type": "Wait", "Seconds": BETWEEN_LOOKS_S, "Next": "Alarms"},
        "Alarms": _agent("calm", "Over", BACK, "$.watch", minutes=minutes, **{"since.$": "$.watch.since"}),
        "Over": _choice([{"Variable": "$.watch.over", "BooleanEquals": True, "Next": after}], "Pause"),
    }


def _end(on_lambda: bool) -> State:
    """A release that is served has succeeded, even if old ones cannot be removed. A failed one gives the reason, even
    if restoring fails, too.
    """
    return {
        "HasLeftovers": _choice([_is("release", "Tidy")], "Unlock"),
        # Restore what was served before, which is not always the last version published.
        "Tidy": _job("tidy", "Unlock", "Unlock", **({"VERSION_BEFORE": f"{SERVED}.version"} if on_lambda else {})),
        "Unlock": _agent("unlock", "Done", "Done", **OWNER),
        "Done": {"Type": "Succeed"},
        BACK: {
            **_agent("back", CLOSE, CLOSE, **{"served.$": SERVED, "towers.$": TOWERS}),
            "Catch": _catch(CLOSE, "$.stuck"),
        },
        CLOSE: {**_agent("unlock", "Failed", "Failed", **OWNER), "Catch": _catch("Failed", "$.stuck")},
        "Failed": {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"},
    }


def _agent(do: str, then: str, otherwise: str, result: str | None = None, **fields: object) -> State:
    """Return a call of the agent. It may be retried: the agent's verbs are idempotent."""
    return {
        "Type": "Task",
        "Resource": "${Agent}",
        "Parameters": {"do": do, **fields},
        "ResultPath": result,
        "TimeoutSeconds": 300,
        # Creating a snapshot takes minutes.
        "Retry": [{"ErrorEquals": ["NotReady"], "IntervalSeconds": 10, "MaxAttempts": 90, "BackoffRate": 1.0},
                  {"ErrorEquals": _FINAL, "MaxAttempts": 0}, _again(["States.ALL"], 6)],
        "Catch": _catch(otherwise),
        "Next": then,
    }  # fmt: skip


def _job(step: str, then: str, otherwise: str, **paths: str) -> State:
    """Return a run of the release job. ``paths``: further environment variables, by the path of their value."""
    variables: list[State] = [{"Name": "RELEASE_STEP", "Value": step, "Type": "PLAINTEXT"}]
    for name, path in {"RELEASE_ID": "$$.Execution.Name", **paths}.items():
        variables.append({"Name": name, "Value.$": path, "Type": "PLAINTEXT"})
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
