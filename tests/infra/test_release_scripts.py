"""The release scripts, run with stand-ins for the programs they call: what they call, in which order, and what they do
when one of them fails.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra.tools import ROOT, run
from tests.patience import PATIENCE_S, wait_for

SCRIPTS = ("acceptance.sh", "deploy.sh", "deployment.sh", "fetch.sh", "release.sh", "rollback.sh")
VERSION = "0123456789abcdef"
# Each records its arguments, in order.
UV = """#!/usr/bin/env bash
echo "$*" | sed 's/^run --no-sync //' >>"$CALLS"
case "$*" in
    *"python -m infra.show"*)
        [ "$FAILING" != infra.show ] || { echo "deployment settings: wrong" >&2; exit 2; }
        echo '{"region": "eu-west-1", "two_tower": "'"${TOWERS:-off}"'"}' ;;
    *"marquee build"*) echo '{"version": "0123456789abcdef"}' ;;
    *"keys create"*) echo '{"key": "mq_new"}' ;;
    *"infra.release dev start"*) echo arn:execution ;;
    *"doctor --url"*) echo '{"fine": true}' ;;
    *"marquee cost"*)
        echo '{"bills": [{"deployment": {"releases": 4}, "lines": [{"service": "CodeBuild", "usd": 8}]}]}' ;;
esac
case "$*" in *"$HANGING"*) exec sleep 600 ;; esac
case "$*" in *"$FAILING"*) exit 1 ;; esac
"""
AWS = """#!/usr/bin/env bash
echo "aws $*" >>"$CALLS"
case "$1 $2" in
    "lambda get-alias") echo "${SERVED:-}" ;;
    "lambda list-versions-by-function") printf '%s\\n' ${VERSIONS:-} ;;
    "secretsmanager get-secret-value") echo "$HELD" ;;
    "secretsmanager put-secret-value") echo "key $(cat canary.key)" >>"$CALLS" ;;
    "ecr get-login-password") echo secret ;;
    "codebuild batch-get-projects")
        case "$*" in
            *FUNCTION*) echo "${FUNCTION_NAME:-}" ;;
            *ALIAS*) echo live ;;
        esac ;;
    "cloudformation describe-stacks")
        if [ -n "${STACK_ERROR:-}" ] && ! grep -q "^cdk deploy" "$CALLS"; then echo "$STACK_ERROR" >&2; exit 254; fi
        # A query without a result prints an empty line, not None.
        case "$*" in *"OutputKey=='${NO_OUTPUT:-none}'"*) echo && exit ;; esac
        echo "${OUTPUT-films}" ;;
    "stepfunctions list-executions") echo "${RUNNING:-}" ;;
    "s3api head-object")
        if [ -n "${POINTER_ERROR:-}" ]; then echo "$POINTER_ERROR" >&2; exit 254; fi ;;
    "s3 cp")
        if [ "${@: -1}" = - ]; then echo '{"version": "0123456789abcdef"}'; fi
        case "${@: -1}" in
            - | s3://*) ;;
            *) printf '{"version": "0123456789abcdef", "previous": null}' >"${@: -1}" ;;
        esac ;;
    "s3 sync")
        if [ -n "${OWN:-}" ]; then mkdir -p raw/own && touch raw/own/films.csv; fi
        if [ -n "${RAW:-}" ]; then mkdir -p raw/movielens && touch raw/movielens/movies.csv; fi ;;
esac
"""
CDK = """#!/usr/bin/env bash
echo "cdk $*" >>"$CALLS"
case "cdk $*" in *"$FAILING"*) exit 1 ;; esac
case "cdk $*" in *"$HANGING"*) exec sleep 600 ;; esac
# An impatient second Ctrl-C.
if [ "$1" = destroy ] && [ -n "${IMPATIENT:-}" ]; then kill -INT 0; fi
if [ "$1" = destroy ] && [ "$(grep -c "^cdk destroy" "$CALLS")" -le "${DESTROY_FAILS:-0}" ]; then exit 1; fi
"""
DOCKER = '#!/usr/bin/env bash\necho "docker $1" >>"$CALLS"\n[ "$1" != login ] || cat >/dev/null\n'
CURL = '#!/usr/bin/env bash\necho "curl ${*: -1}" >>"$CALLS"\nprintf %s "${STATUS:-401}"\n'


def _reset_signals() -> None:
    """A shell can't trap signals that were ignored when it started, as in a background job."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Folder:
    """A checkout with only the scripts and the stand-ins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name, code in ((".ci/uv", UV), ("bin/aws", AWS), ("bin/docker", DOCKER), ("bin/curl", CURL),
                           ("infra/node_modules/.bin/cdk", CDK)):  # fmt: skip
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(code)
            (path / name).chmod(0o755)
        shutil.copytree(ROOT / "infra/release", path / "infra/release")

    def run(self, script: str, *arguments: str, **environment: str) -> tuple[int, list[str], str]:
        """Run a script. Returns its exit code, its calls, and its output."""
        calls = self.path / "calls"
        calls.unlink(missing_ok=True)
        variables = self._environment(calls)
        done = run(["bash", self.path / "infra/release" / script, *arguments], **{**variables, **environment})
        return done.returncode, self._calls(), done.stdout + done.stderr

    def interrupt(self, by: signal.Signals, script: str, *arguments: str, **environment: str) -> tuple[int, list[str]]:
        """The same for a script that hangs and is then interrupted with its children, as by Ctrl-C."""
        calls = self.path / "calls"
        calls.unlink(missing_ok=True)
        started = subprocess.Popen(
            ["bash", self.path / "infra/release" / script, *arguments],
            env={**os.environ, **self._environment(calls), **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_reset_signals,
        )  # fmt: skip
        with started:
            wait_for(lambda: any(environment["HANGING"] in each for each in self._calls()), environment["HANGING"])
            os.killpg(started.pid, by)
            started.communicate(timeout=PATIENCE_S)
        return started.returncode, self._calls()

    def report(self) -> dict[str, Any]:
        [report] = self.path.glob("acceptance-dev-*.json")
        return dict(json.loads(report.read_text()))

    def _calls(self) -> list[str]:
        calls = self.path / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def _environment(self, calls: Path) -> dict[str, str]:
        return {"CALLS": str(calls), "PATH": f"{self.path / 'bin'}:{os.environ['PATH']}", "HELD": "mq_old",
                "FAILING": "nothing", "HANGING": "nothing", "PAUSE_S": "0",
                "BUNDLE_BUCKET": "films", "CANARY_KEY_ARN": "arn", "ARCHITECTURE": "x86_64",
                "REPOSITORY": "registry/images", "OPENSEARCH_ENDPOINT": "https://search",
                "RELEASES_TABLE": "releases", "RELEASE_ID": "execution-1"}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def order(calls: list[str], *prefixes: str) -> list[str]:
    """The prefixes of the calls that start with one of these, in the order of the calls."""
    return [each for call in calls for each in prefixes if call.startswith(each)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_syntax_of_each_script_is_valid(script: str) -> None:
    path = ROOT / "infra/release" / script
    checked = run(["bash", "-n", path])
    assert checked.returncode == 0, checked.stderr
    if script != "deployment.sh":
        assert path.stat().st_mode & 0o111
        assert "set -euo pipefail" in path.read_text()


def test_scripts_for_people_run_in_the_bash_of_macos() -> None:
    """Version 3.2: with `set -u` an empty array ends the script, and the other constructs do not exist."""
    for script in SCRIPTS:
        text = (ROOT / "infra/release" / script).read_text()
        if script == "release.sh":
            continue
        assert not re.findall(r'(?<!\+)"\$\{\w+\[@\]\}"', text), script
        assert not re.findall(r"mapfile|readarray|declare -A|local -n|\$\{\w+[,^]{2}\}", text), script


def test_a_build_stores_its_result_and_changes_nothing_that_is_served(folder: Folder) -> None:
    code, calls, output = folder.run("release.sh", FUNCTION="api", HELD="made-by-the-stack", DEMO_USERS="sim-0019")
    assert code == 0, output
    expected = (
        "marquee build --yes --no-activate --events-from-state --json", f"marquee bundle publish {VERSION}",
        f"marquee index --bundle {VERSION}", "docker build", "docker push", "marquee keys create canary",
        "marquee users seed", "aws dynamodb put-item --table-name releases",
    )  # fmt: skip
    assert order(calls, *expected) == list(expected)
    assert not order(calls, "aws lambda", "marquee release")
    [note] = [each for each in calls if "put-item" in each]
    item = json.loads(note.partition("--item ")[2])
    assert (item["id"]["S"], item["bundle"]["S"]) == ("execution-1", VERSION)
    assert item["image"]["S"].startswith(f"registry/images:{VERSION}-")


def test_without_opensearch_nothing_is_indexed(folder: Folder) -> None:
    code, calls, _ = folder.run("release.sh", FUNCTION="api", OPENSEARCH_ENDPOINT="")
    assert code == 0
    assert not [each for each in calls if "marquee index" in each]
    assert order(calls, "aws dynamodb put-item")


def test_a_build_for_servers_makes_no_image(folder: Folder) -> None:
    code, calls, _ = folder.run("release.sh")
    assert code == 0
    assert order(calls, "aws dynamodb put-item", "docker", "aws lambda") == ["aws dynamodb put-item"]


@pytest.mark.parametrize("failing", ["marquee build", "marquee index", "marquee bundle publish"])
def test_a_failed_build_stores_no_result(folder: Folder, failing: str) -> None:
    code, calls, _ = folder.run("release.sh", FUNCTION="api", FAILING=failing)
    assert code != 0
    assert not order(calls, "aws dynamodb put-item")


def test_a_two_tower_model_is_trained_before_its_bundle_and_uploaded(
    folder: Folder,
) -> None:
    code, calls, output = folder.run("release.sh", FUNCTION="api", TWO_TOWER="on", MARQUEE_HOME="home", RAW="yes")
    assert code == 0, output
    archive = f"s3://films/two-tower/{VERSION}/model.tar.gz"
    expected = (
        "sync --locked --quiet --inexact --no-default-groups --group encoder --group aws --group train",
        "marquee train two-tower --events-from-state --movielens raw/movielens",
        "marquee build --yes --no-activate --events-from-state --json --two-tower --movielens raw/movielens",
        f"aws s3 cp --only-show-errors home/two_tower/model.tar.gz {archive}", "docker build",
        "aws dynamodb put-item --table-name releases",
    )  # fmt: skip
    assert order(calls, *expected) == list(expected)


@pytest.mark.parametrize("failing", ["marquee train", "--group train"])
def test_a_failed_training_ends_the_release(folder: Folder, failing: str) -> None:
    code, calls, _ = folder.run("release.sh", FUNCTION="api", TWO_TOWER="on", FAILING=failing)
    assert code != 0
    assert not order(calls, "marquee build", "aws dynamodb put-item")


def test_tidying_keeps_the_served_version_and_the_one_before(folder: Folder) -> None:
    """Versions between the two failed their probe, so no one would roll back to them."""
    code, calls, output = folder.run(
        "release.sh", RELEASE_STEP="tidy", FUNCTION="api", ALIAS="live", SERVED="12", VERSION_BEFORE="9",
        VERSIONS="9 10 4 11 12",
    )  # fmt: skip
    assert code == 0, output
    assert f"marquee release {VERSION} --keep 2" in calls
    deleted = [each for each in calls if each.startswith("aws lambda delete-function")]
    assert deleted == [f"aws lambda delete-function --function-name api --qualifier {each}" for each in (4, 10, 11)]
    listing = next(each for each in calls if "list-versions" in each)
    assert "Version != `1`" in listing, "the first one is CloudFormation's"


def test_an_unknown_step_is_refused(folder: Folder) -> None:
    code, _, output = folder.run("release.sh", RELEASE_STEP="serve")
    assert (code, "expected build, probe or tidy" in output) == (2, True)


def test_a_bundle_is_probed_as_servers_would_fetch_it(folder: Folder) -> None:
    code, calls, output = folder.run("release.sh", RELEASE_STEP="probe", RELEASE_BUNDLE=VERSION)
    assert code == 0, output
    assert calls == [
        f"marquee bundle fetch {VERSION}", f"marquee bundle activate {VERSION}",
        f"python -m infra.release.probe_server {VERSION}",
    ]  # fmt: skip
    assert folder.run("release.sh", RELEASE_STEP="probe", RELEASE_BUNDLE=VERSION, FAILING="probe_server")[0] != 0


def test_raw_data_in_the_bucket_is_used(folder: Folder) -> None:
    _, calls, _ = folder.run("release.sh", RAW="yes")
    assert "marquee build --yes --no-activate --events-from-state --json --movielens raw/movielens" in calls


@pytest.mark.parametrize("data", [{}, {"RAW": "yes"}, {"OWN": "yes"}])
def test_vectors_of_the_previous_release_are_fetched_before_a_build(folder: Folder, data: dict[str, str]) -> None:
    _, calls, _ = folder.run("release.sh", MARQUEE_HOME="home", **data)
    fetched = "aws s3 sync --only-show-errors s3://films/features/ home/features/"
    expected = (fetched, "marquee build --yes", f"marquee bundle publish {VERSION}")
    assert order(calls, *expected) == list(expected)


def test_own_files_of_any_form_come_first(folder: Folder) -> None:
    _, calls, _ = folder.run("release.sh", RAW="yes", OWN="yes", DEMO_USERS="c001", CANARY_PERSON="")
    assert "marquee build --yes --no-activate --events-from-state --json raw/own" in calls
    assert "marquee users seed raw/own --user c001" in calls


def test_the_canary_gets_a_key_once(folder: Folder) -> None:
    _, calls, _ = folder.run("release.sh", HELD="made-by-the-stack")
    assert "marquee keys create canary --json" in calls
    assert "key mq_new" in calls
    assert not order(folder.run("release.sh")[1], "marquee keys")


def test_configured_people_are_seeded(folder: Folder) -> None:
    _, calls, _ = folder.run("release.sh", DEMO_USERS="sim-0019,sim-0022", CANARY_PERSON="sim-0001")
    expected = [
        f"marquee bundle activate {VERSION}",
        "marquee users seed --user sim-0019 --user sim-0022 --user sim-0001",
    ]
    assert order(calls, *expected)[-2:] == expected
    assert not order(folder.run("release.sh", DEMO_USERS="", CANARY_PERSON="")[1], "marquee users")


def test_people_who_are_not_in_the_data_do_not_fail_a_release(folder: Folder) -> None:
    code, calls, output = folder.run("release.sh", DEMO_USERS="nobody", FAILING="users seed", HELD="new")
    assert code == 0
    assert "set demo_users and canary_person" in output
    assert "key mq_new" in calls


def test_a_deployment_fetches_the_released_bundle(folder: Folder) -> None:
    code, calls, output = folder.run("fetch.sh", "dev", "-c", "region=eu-west-1")
    assert code == 0, output
    assert (folder.path / "bundle/current.json").is_file()
    assert f"aws s3 sync --only-show-errors s3://films/bundles/{VERSION}/ bundle/bundles/{VERSION}/" in calls
    assert "python -m infra.show -c stage=dev -c region=eu-west-1" in calls


def test_the_archive_of_a_two_tower_model_is_fetched_only_with_an_endpoint(folder: Folder) -> None:
    """Other stages lack the permission to read it: S3 would return 403, not 404."""
    archive = f"two-tower/{VERSION}/model.tar.gz"
    for towers, times in (("serverless", 2), ("off", 0)):
        code, calls, output = folder.run("fetch.sh", "dev", TOWERS=towers)
        assert code == 0, output
        assert len([each for each in calls if archive in each]) == times


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"STACK_ERROR": "ValidationError: Stack with id Marquee-dev does not exist"}, "is not deployed in eu-west-1"),
        ({"OUTPUT": "None"}, "is not deployed in eu-west-1"),
        ({"OUTPUT": ""}, "is not deployed in eu-west-1"),
        ({"POINTER_ERROR": "An error occurred (404) when calling the HeadObject operation"}, "has no release yet"),
    ],
)
def test_a_first_deployment_continues_without_a_bundle(folder: Folder, missing: dict[str, str], message: str) -> None:
    (folder.path / "bundle").mkdir()
    (folder.path / "bundle/current.json").write_text("{}")
    code, _, output = folder.run("fetch.sh", "dev", **missing)
    assert code == 0
    assert message in output
    assert not list((folder.path / "bundle").iterdir()), "files of another stage are removed"


@pytest.mark.parametrize("place", ["STACK_ERROR", "POINTER_ERROR"])
@pytest.mark.parametrize("error", ["AccessDenied: not allowed", "ExpiredToken: expired", "Could not connect"])
def test_an_unexpected_error_of_aws_ends_the_deployment(folder: Folder, place: str, error: str) -> None:
    """An image without a bundle must not go live because a permission is missing or a login has expired."""
    code, _, output = folder.run("fetch.sh", "dev", **{place: error})
    assert code != 0
    assert error in output


LOCK, UNLOCK = "python -m infra.release dev lock --owner deploy-", "python -m infra.release dev unlock --owner deploy-"
GUARD, START = "python -m infra.release dev guard", "python -m infra.release dev start deployment"
FOLLOW = "python -m infra.release dev follow arn:execution"


def test_a_deployment_is_confirmed_locked_and_finished_by_the_machine(folder: Folder) -> None:
    code, calls, output = folder.run("deploy.sh", "dev", "-c", "log_days=7", FUNCTION_NAME="api", APPROVAL="never")
    assert code == 0, output
    expected = (f"{GUARD} -c log_days=7", LOCK, "aws s3 sync",
              "cdk deploy --all --require-approval never -c stage=dev -c log_days=7",
              f"{START} --bundle {VERSION} --image films --owner deploy-", FOLLOW)  # fmt: skip
    assert order(calls, *expected, UNLOCK) == list(expected)
    [owner] = [each.split()[-1] for each in calls if each.startswith(LOCK)]
    assert owner in next(each for each in calls if each.startswith(START))


def test_a_deployment_with_now_skips_the_shift(folder: Folder) -> None:
    for now, at_once in (("1", True), ("", False)):
        _, calls, _ = folder.run("deploy.sh", "dev", FUNCTION_NAME="api", NOW=now)
        [start] = [each for each in calls if each.startswith(START)]
        assert start.endswith(" --detach --now") is at_once


def test_a_stage_deployed_before_locks_existed_gets_one(folder: Folder) -> None:
    code, calls, output = folder.run("deploy.sh", "dev", FUNCTION_NAME="api", NO_OUTPUT="ReleaseTable")
    assert code == 0, output
    assert order(calls, GUARD, LOCK, "cdk deploy", START, UNLOCK) == [GUARD, "cdk deploy", START]


@pytest.mark.parametrize("failing", ["cdk deploy", "dev start deployment"])
def test_a_failed_deployment_releases_the_lock(folder: Folder, failing: str) -> None:
    code, calls, _ = folder.run("deploy.sh", "dev", FUNCTION_NAME="api", FAILING=failing)
    assert code != 0
    assert order(calls, LOCK, UNLOCK) == [LOCK, UNLOCK]


@pytest.mark.parametrize("failing", ["dev guard", "dev lock"])
def test_a_refused_deployment_deploys_nothing(folder: Folder, failing: str) -> None:
    code, calls, _ = folder.run("deploy.sh", "dev", FUNCTION_NAME="api", FAILING=failing)
    assert code != 0
    assert not order(calls, "cdk", UNLOCK)


def test_a_first_deployment_takes_no_lock_and_starts_no_shift(folder: Folder) -> None:
    code, calls, output = folder.run("deploy.sh", "dev", FUNCTION_NAME="api", OUTPUT="None")
    assert code == 0, output
    assert order(calls, GUARD, LOCK, "cdk deploy", START, UNLOCK) == ["cdk deploy"]
    assert "then make release STAGE=dev" in output


def test_a_deployment_on_fargate_releases_the_lock_itself(folder: Folder) -> None:
    code, calls, _ = folder.run("deploy.sh", "dev")
    assert code == 0
    assert order(calls, LOCK, "cdk deploy", START, UNLOCK) == [LOCK, "cdk deploy", UNLOCK]


def test_a_rollback_goes_through_the_machine(folder: Folder) -> None:
    for name, kind in (("api", "--version"), ("", "--bundle")):
        code, calls, output = folder.run("rollback.sh", "dev", "12", FUNCTION_NAME=name)
        assert code == 0, output
        assert f"python -m infra.release dev start rollback {kind} 12" in calls
        assert not order(calls, "aws lambda update-alias")


ABSENT = {"STACK_ERROR": "Stack with id Marquee-dev does not exist"}
DESTROY = "cdk destroy --all --force -c stage=dev"


def test_an_acceptance_deploys_and_destroys_the_stage(folder: Folder) -> None:
    code, calls, output = folder.run("acceptance.sh", "dev", **ABSENT)
    assert code == 0, output
    expected = ("marquee cost --stage dev", "cdk deploy", "python -m infra.release dev start release",
              "marquee keys create acceptance", "marquee doctor --url", "curl films/version", DESTROY)  # fmt: skip
    assert order(calls, *expected) == list(expected)
    assert not [each for each in calls if "mq_new" in each], "others can see arguments, so no key is among them"
    report = folder.report()
    assert (report["accepted"], report["failed_at"], report["removed"]) == (True, None, True)
    assert (report["found"], report["cost_usd_estimated"]) == ({"fine": True}, 2.0)
    assert json.dumps(report, indent=1) in output, "it is printed, too"


@pytest.mark.parametrize(
    ("failing", "step"),
    [("marquee cost", "estimate"), ("cdk deploy", "deploy"), ("dev start release", "release"),
     ("keys create", "accept"), ("doctor --url", "accept"), ("", "accept")],
)  # fmt: skip
def test_a_failed_acceptance_destroys_the_stage_and_reports_the_step(folder: Folder, failing: str, step: str) -> None:
    """In the last case the API answers requests that bypass its firewall."""
    code, calls, _ = folder.run("acceptance.sh", "dev", **ABSENT, FAILING=failing or "nothing", STATUS="200")
    assert code == 1
    assert order(calls, DESTROY) == [DESTROY]
    report = folder.report()
    assert (report["accepted"], report["failed_at"], report["removed"]) == (False, step, True)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(("hanging", "step"), [("cdk deploy", "deploy"), ("dev start release", "release")])
def test_an_interrupted_acceptance_destroys_the_stage_despite_more_signals(
    folder: Folder, by: signal.Signals, hanging: str, step: str
) -> None:
    code, calls = folder.interrupt(
        by, "acceptance.sh", "dev", **ABSENT, HANGING=hanging, IMPATIENT="yes", RUNNING="arn:1"
    )
    assert code == 128 + by
    assert order(calls, DESTROY) == [DESTROY]
    report = folder.report()
    assert (report["accepted"], report["failed_at"], report["removed"]) == (False, step, True)
    assert report["cost_usd_estimated"] == 2.0


def test_a_running_release_is_stopped_before_its_stage_is_destroyed(folder: Folder) -> None:
    _, calls, _ = folder.run(
        "acceptance.sh", "dev", **ABSENT, OUTPUT="arn:machine", FAILING="start release", RUNNING="arn:1 arn:2"
    )
    stop = "aws stepfunctions stop-execution --execution-arn"
    assert order(calls, f"{stop} arn:1", f"{stop} arn:2", DESTROY) == [f"{stop} arn:1", f"{stop} arn:2", DESTROY]


def test_destroying_a_stage_is_retried_and_a_remaining_stage_is_reported(folder: Folder) -> None:
    code, calls, _ = folder.run("acceptance.sh", "dev", **ABSENT, DESTROY_FAILS="2")
    assert (code, order(calls, DESTROY)) == (0, [DESTROY] * 3)
    [report] = folder.path.glob("acceptance-dev-*.json")
    report.unlink()
    code, calls, output = folder.run("acceptance.sh", "dev", **ABSENT, DESTROY_FAILS="9")
    assert (code, order(calls, DESTROY)) == (1, [DESTROY] * 3)
    assert (folder.report()["accepted"], folder.report()["removed"]) == (True, False)
    assert "is NOT removed and is billed: make destroy STAGE=dev" in output


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_deployment_keeps_its_lock_while_cloudformation_works(
    folder: Folder, by: signal.Signals
) -> None:
    code, calls = folder.interrupt(by, "deploy.sh", "dev", HANGING="cdk deploy")
    assert code == 128 + by
    assert order(calls, LOCK, UNLOCK) == [LOCK]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_an_acceptance_never_destroys_an_existing_stage(folder: Folder, stage: str) -> None:
    code, calls, _ = folder.run("acceptance.sh", stage)
    assert code == 2
    assert not order(calls, "cdk")


def test_without_a_version_a_rollback_lists_the_versions(folder: Folder) -> None:
    code, calls, _ = folder.run("rollback.sh", "dev", FUNCTION_NAME="api", VERSIONS="6 7")
    assert code == 0
    assert order(calls, "aws lambda list-versions-by-function", "aws lambda update-alias") == [
        "aws lambda list-versions-by-function"
    ]


def test_on_fargate_a_rollback_lists_bundles(folder: Folder) -> None:
    code, calls, _ = folder.run("rollback.sh", "dev")
    assert code == 0
    assert order(calls, "marquee bundle list --bucket", "aws lambda") == ["marquee bundle list --bucket"]


@pytest.mark.parametrize("options", ["-eu", "+e"])
def test_invalid_settings_are_reported_once_before_any_call_of_aws(folder: Folder, options: str) -> None:
    """Also in an interactive shell, which continues after the error."""
    (folder.path / "infra/release/shell.sh").write_text(
        f'set {options}\ncd "$(dirname "$0")/../.."\n. infra/release/deployment.sh dev\necho "code $?" >&2\n'
    )
    code, calls, output = folder.run("shell.sh", FAILING="infra.show")
    assert output.splitlines() == ["deployment settings: wrong"] + (["code 2"] if options == "+e" else [])
    assert code == (0 if options == "+e" else 2)
    for script in ("deploy.sh", "fetch.sh", "rollback.sh", "acceptance.sh"):
        code, calls, output = folder.run(script, "dev", FAILING="infra.show")
        assert (code, output) == (2, "deployment settings: wrong\n"), script
        assert not order(calls, "aws", "cdk"), script


def test_the_names_of_a_deployment_can_be_sourced(folder: Folder) -> None:
    (folder.path / "infra/release/shell.sh").write_text(
        'set -eu\ncd "$(dirname "$0")/../.."\n. infra/release/deployment.sh prod\nuse_deployment\n'
        'echo "$STACK $AWS_REGION $AWS_DEFAULT_REGION $DDB_USERS_TABLE $BUNDLE_BUCKET $API_KEY_PEPPER_ARN"\n'
    )
    code, _, output = folder.run("shell.sh")
    assert (code, output.strip()) == (0, "Marquee-prod eu-west-1 eu-west-1 films films films")
