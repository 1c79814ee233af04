"""The deployed state machine, run in an interpreter with the deployed agent, against an in-memory stage.

Only what was probed is ever served, and any failure rolls back automatically.
"""

import json

import pytest

from infra.release.agent.lock import HOLD_S
from infra.release.release_states import TIMEOUT_S, definition
from tests.infra.asl import StateError
from tests.infra.stage import FIRST, GOOD, Stage
from tests.infra.templates import Deployment

MINUTES = 5
ON_LAMBDA = definition(on_lambda=True, minutes=MINUTES)
ON_FARGATE = definition(on_lambda=False, minutes=MINUTES)
FAULT = StateError("ServiceException", "AWS has a fault")
TASKS = sorted(name for name, state in ON_LAMBDA["States"].items() if state["Type"] == "Task")
# States in which a fault does not change the outcome: what is served is already decided.
HARMLESS = {"Tidy", "Unlock", "Back", "UnlockFailed"}


@pytest.fixture
def stage() -> Stage:
    return Stage(ON_LAMBDA)


def is_as_before(stage: Stage) -> bool:
    """Version, weights, image of the next deployment and pointer."""
    aws = stage.aws
    return (aws.live, aws.weights, aws.image, stage.bucket.bundle) == (FIRST, {}, "image-a", GOOD)


def test_a_release_is_built_probed_shifted_and_kept(stage: Stage) -> None:
    done = stage.start(what="release")
    assert done.status == "SUCCEEDED"
    order = ("Lock", "Look", "Build", "Built", "Code", "CodeReady", "Publish", "VersionReady", "Probe", "Calm",
             "SomeTraffic", "Pause", "Alarms", "AllTraffic", "Keep", "Tidy", "Unlock", "Done")  # fmt: skip
    firsts = list(dict.fromkeys(done.trail))
    assert [each for each in firsts if each in order] == list(order)
    assert (stage.aws.live, stage.aws.weights, stage.bucket.bundle) == ("2", {}, "bundle-b")
    assert stage.aws.versions["2"] == ("image-b", "release: bundle bundle-b")
    assert (stage.steps, stage.before) == (["build", "tidy"], FIRST), (
        "the tidying step is passed the version served before"
    )
    assert stage.table.items == {}


def test_a_tenth_of_the_requests_is_under_the_alarms_for_as_long_as_the_stage_says(stage: Stage) -> None:
    weights: list[dict[str, float]] = []
    run = stage.agent.do

    def noted(event):
        weights.append(dict(stage.aws.weights)) if event["do"] == "calm" else None
        return run(event)

    object.__setattr__(stage, "agent", type("Noted", (), {"do": staticmethod(noted)}))
    done = stage.start(what="release")
    assert weights[0] == {}
    assert weights[1:] == [{"2": 0.1}] * MINUTES
    assert done.trail.count("Pause") == MINUTES


def test_a_version_whose_probe_fails_never_gets_traffic(stage: Stage) -> None:
    stage.aws.bad.add("image-b")
    done = stage.start(what="release")
    assert (done.status, done.error) == ("FAILED", "ProbeFailed")
    assert "expected 20 different films, got 3" in done.cause
    assert not {"SomeTraffic", "AllTraffic"} & set(done.trail)
    assert is_as_before(stage)
    assert stage.table.items == {}


@pytest.mark.parametrize("state", sorted(set(TASKS) - HARMLESS))
def test_a_fault_of_aws_in_any_state_restores_what_was_served(state: str) -> None:
    stage = Stage(ON_LAMBDA)
    stage.fault[state] = FAULT
    done = stage.start(what="release")
    assert (done.status, done.error, done.cause) == ("FAILED", "ServiceException", "AWS has a fault")
    assert is_as_before(stage)
    assert stage.table.items == {}, "the lock is released"


@pytest.mark.parametrize("state", sorted(set(TASKS) - HARMLESS))
def test_a_lost_response_of_aws_is_retried(state: str) -> None:
    """Every verb is idempotent. Only a build is not started again."""
    stage = Stage(ON_LAMBDA)
    stage.after[state] = FAULT if state != "Built" else StateError("States.TaskFailed")
    done = stage.start(what="release")
    if state == "Build":
        assert done.status == "FAILED"
        assert is_as_before(stage)
    else:
        assert (done.status, stage.aws.live, stage.bucket.bundle) == ("SUCCEEDED", "2", "bundle-b")


@pytest.mark.parametrize("state", ["Tidy", "Unlock"])
def test_a_failed_cleanup_does_not_fail_a_release(stage: Stage, state: str) -> None:
    stage.fault[state] = FAULT
    assert stage.start(what="release").status == "SUCCEEDED"
    assert stage.aws.live == "2"


@pytest.mark.parametrize("state", ["Back", "UnlockFailed"])
def test_the_first_error_is_reported_even_if_the_rollback_fails(stage: Stage, state: str) -> None:
    stage.aws.bad.add("image-b")
    stage.fault[state] = FAULT
    assert stage.start(what="release").error == "ProbeFailed"
    assert stage.aws.serving == {FIRST}


@pytest.mark.parametrize("minute", [0, 2, MINUTES])
def test_an_alarm_rolls_the_shift_back(stage: Stage, minute: int) -> None:
    stage.alarm_at = 60 * minute
    done = stage.start(what="release")
    assert (done.status, done.error) == ("FAILED", "AlarmUp")
    assert "AllTraffic" not in done.trail
    assert is_as_before(stage)


def test_while_an_alarm_is_up_a_release_goes_out_only_if_it_is_to_go_at_once(stage: Stage) -> None:
    stage.up = ["marquee-dev-ErrorRate"]
    done = stage.start(what="release")
    assert done.error == "AlarmUp"
    assert "NOW=1" in done.cause
    assert is_as_before(stage)
    done = stage.start(what="release", now=True)
    assert done.status == "SUCCEEDED"
    assert "Probe" in done.trail
    assert stage.aws.live == "2"


def test_the_very_first_release_is_probed_and_served_at_once() -> None:
    stage = Stage(ON_LAMBDA, released=False)
    done = stage.start(what="release")
    assert (done.status, stage.aws.live, stage.bucket.bundle) == ("SUCCEEDED", "2", "bundle-b")
    assert "Probe" in done.trail
    assert "SomeTraffic" not in done.trail


def test_a_deployment_publishes_its_image_and_is_shifted_like_a_release(stage: Stage) -> None:
    stage.aws.image = "image-deployed"
    done = stage.start(what="deployment", owner="deploy-1", bundle=GOOD, image="image-deployed")
    assert done.status == "SUCCEEDED"
    assert {"Probe", "SomeTraffic", "Alarms"} <= set(done.trail)
    assert not {"Build", "Tidy"} & set(done.trail)
    assert stage.aws.versions[stage.aws.live] == ("image-deployed", f"deployment: bundle {GOOD}")


def test_a_deployment_that_was_rolled_back_can_be_repeated(stage: Stage) -> None:
    """CloudFormation deployed this image before and changes nothing; the restored one must not pass for new code."""
    request = {"what": "deployment", "bundle": GOOD, "image": "image-deployed"}
    stage.aws.image = "image-deployed"
    stage.up = ["marquee-dev-ErrorRate"]
    assert stage.start(**request).error == "AlarmUp"
    assert is_as_before(stage)
    done = stage.start(**request, now=True)
    assert (done.status, stage.aws.versions[stage.aws.live][0]) == ("SUCCEEDED", "image-deployed")
    assert "Probe" in done.trail


def test_a_deployment_without_an_image_changes_nothing(stage: Stage) -> None:
    done = stage.start(what="deployment", bundle=GOOD)
    assert (done.error, "make deploy" in done.cause) == ("ValueError", True)
    assert is_as_before(stage)
    assert stage.table.items == {}


def test_a_deployment_that_changes_nothing_ends_without_a_new_version(stage: Stage) -> None:
    done = stage.start(what="deployment", bundle=GOOD, image="image-a")
    assert done.status == "SUCCEEDED"
    assert "SomeTraffic" not in done.trail
    assert is_as_before(stage)


def test_a_deployment_with_another_bundle_than_expected_gets_no_traffic(stage: Stage) -> None:
    """Another version was published in between, bypassing the lock."""
    stage.aws.image = "image-deployed"
    stage.aws.versions["2"] = ("image-deployed", "by hand: bundle other")
    assert stage.start(what="deployment", bundle=GOOD, image="image-deployed").error == "ProbeFailed"
    assert is_as_before(stage)


def test_a_rollback_is_probed_and_restores_everything_at_once(stage: Stage) -> None:
    assert stage.start(what="release").status == "SUCCEEDED"
    stage.up = ["marquee-dev-ErrorRate"]
    done = stage.start(what="rollback", version=FIRST)
    assert done.status == "SUCCEEDED"
    assert not {"Calm", "SomeTraffic", "Build", "Tidy"} & set(done.trail)
    assert is_as_before(stage)


def test_only_one_execution_works_on_a_stage(stage: Stage) -> None:
    stage.agent.lock.take("deploy-anna", "deployment")
    done = stage.start(what="release")
    assert (done.status, done.error) == ("FAILED", "Locked")
    assert "deploy-anna holds the stage for a deployment until" in done.cause
    assert done.trail == ["Lock", "Failed"]
    assert stage.table.items["lock"]["owner"] == {"S": "deploy-anna"}


def test_a_deployment_hands_its_lock_over_to_the_machine(stage: Stage) -> None:
    stage.agent.lock.take("deploy-anna", "deployment")
    request = {"what": "deployment", "owner": "deploy-anna", "bundle": GOOD, "image": "image-a"}
    assert stage.start(**request).status == "SUCCEEDED"
    assert stage.table.items == {}


def test_a_lock_expires_and_outlives_any_execution(stage: Stage) -> None:
    stage.agent.lock.take("deploy-anna", "deployment")
    stage.now += HOLD_S
    assert stage.start(what="release").status == "SUCCEEDED"
    assert TIMEOUT_S < HOLD_S


def test_on_fargate_a_release_moves_the_pointer_and_an_alarm_moves_it_back() -> None:
    stage = Stage(ON_FARGATE, on_lambda=False)
    done = stage.start(what="release")
    assert (done.status, stage.bucket.bundle) == ("SUCCEEDED", "bundle-b")
    assert done.trail.count("Alarms") == MINUTES
    assert stage.steps == ["build", "probe", "tidy"]
    stage = Stage(ON_FARGATE, on_lambda=False)
    stage.alarm_at = 120
    assert stage.start(what="release").error == "AlarmUp"
    assert (stage.bucket.bundle, stage.table.items) == (GOOD, {})


ON_FARGATE_TASKS = sorted(name for name, state in ON_FARGATE["States"].items() if state["Type"] == "Task")


@pytest.mark.parametrize("state", sorted(set(ON_FARGATE_TASKS) - HARMLESS))
def test_on_fargate_a_fault_of_aws_in_any_state_leaves_the_pointer(state: str) -> None:
    """This includes the probe: the pointer never moves to a bundle that fails it."""
    stage = Stage(ON_FARGATE, on_lambda=False)
    stage.fault[state] = FAULT
    done = stage.start(what="release")
    assert (done.status, done.error) == ("FAILED", "ServiceException")
    assert (stage.bucket.bundle, stage.table.items) == (GOOD, {})


def test_on_fargate_the_very_first_release_ignores_alarms() -> None:
    """Servers without a bundle do not start, and the load balancer's errors keep an alarm up."""
    stage = Stage(ON_FARGATE, on_lambda=False, released=False)
    stage.up = ["marquee-dev-ErrorRate"]
    done = stage.start(what="release")
    assert (done.status, stage.bucket.bundle) == ("SUCCEEDED", "bundle-b")
    assert "Probe" in done.trail


def test_on_fargate_a_release_at_once_is_still_probed() -> None:
    stage = Stage(ON_FARGATE, on_lambda=False)
    done = stage.start(what="release", now=True)
    assert "Probe" in done.trail
    assert stage.bucket.bundle == "bundle-b"


def test_on_fargate_a_rollback_moves_the_pointer_at_once() -> None:
    stage = Stage(ON_FARGATE, on_lambda=False)
    assert stage.start(what="release", now=True).status == "SUCCEEDED"
    done = stage.start(what="rollback", bundle=GOOD)
    assert (done.status, stage.bucket.bundle) == ("SUCCEEDED", GOOD)
    assert "Pause" not in done.trail


@pytest.mark.parametrize("bundle", ["bundle-z", "bundle", "", "../bundle-b"])
def test_on_fargate_the_pointer_never_names_a_missing_bundle(bundle: str) -> None:
    """Running servers would keep their bundle, but no new server could start."""
    stage = Stage(ON_FARGATE, on_lambda=False)
    done = stage.start(what="rollback", bundle=bundle)
    assert (done.status, done.error) == ("FAILED", "Unusable")
    assert f"{bundle!r} is no bundle of the bucket" in done.cause
    assert (stage.bucket.bundle, stage.table.items) == (GOOD, {})


@pytest.mark.parametrize("machine", [ON_LAMBDA, ON_FARGATE], ids=["lambda", "fargate"])
def test_every_state_can_be_reached(machine: dict) -> None:
    states = machine["States"]
    reached, pending = set(), [machine["StartAt"]]
    while pending:
        name = pending.pop()
        if name in reached:
            continue
        reached.add(name)
        state = states[name]
        rules = [*state.get("Choices", ()), *state.get("Catch", ())]
        pending += [each["Next"] for each in rules] + [state[key] for key in ("Next", "Default") if key in state]
    assert reached == set(states)


def test_the_tested_definition_is_deployed(dev: Deployment, fargate: Deployment) -> None:
    for made, machine in ((dev, ON_LAMBDA), (fargate, ON_FARGATE)):
        properties = made.app.one("AWS::StepFunctions::StateMachine")
        assert json.loads(properties["DefinitionString"]) == machine
        assert set(properties["DefinitionSubstitutions"]) == {"Agent", "Project", "Table"}
