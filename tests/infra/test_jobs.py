"""Releases: on demand and by schedule, allowed what they need, and heard of when they fail."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.templates import Deployment, Template, as_list, text_of
from tests.infra.tools import ROOT, run


def variables(template: Template) -> dict[str, object]:
    environment = template.one("AWS::CodeBuild::Project")["Environment"]
    return {each["Name"]: each["Value"] for each in environment["EnvironmentVariables"]}


def test_the_job_runs_the_repository_s_own_build(app: Template) -> None:
    project = app.one("AWS::CodeBuild::Project")
    assert project["Source"]["Type"] == "S3"
    assert project["Source"]["BuildSpec"] == "infra/release/buildspec.yml"
    assert (ROOT / "infra/release/buildspec.yml").is_file()
    assert project["ConcurrentBuildLimit"] == 1
    assert project["TimeoutInMinutes"] == 180


def test_the_source_has_what_a_release_is_made_with_and_nothing_else(dev: Deployment) -> None:
    assets = json.loads((dev.folder / "Marquee-dev.assets.json").read_text())["files"]
    folders = [dev.folder / each["source"]["path"] for each in assets.values() if each["source"]["packaging"] == "zip"]
    [source] = [each for each in folders if (each / "infra/release/release.sh").exists()]
    assert {each.name for each in source.iterdir()} == {
        ".ci", ".dockerignore", "Dockerfile", "LICENSE", "NOTICE", "README.md", "data_jobs", "infra", "pyproject.toml",
        "services", "uv.lock",
    }  # fmt: skip
    assert not list(source.rglob("node_modules"))
    assert not list(source.rglob("__pycache__"))


def test_only_a_schedule_starts_it_by_itself(dev: Deployment, prod: Deployment) -> None:
    assert not [each for each in dev.app.properties("AWS::Events::Rule") if "ScheduleExpression" in each]
    [rule] = [each for each in prod.app.properties("AWS::Events::Rule") if "ScheduleExpression" in each]
    assert rule["ScheduleExpression"] == "cron(0 3 ? * SUN *)"


def test_a_start_that_fails_ends_in_the_queue_of_dead_letters(prod: Deployment) -> None:
    [queue] = prod.app.all("AWS::SQS::Queue")
    for rule in prod.app.properties("AWS::Events::Rule"):
        [target] = rule["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [queue, "Arn"]}}


def test_the_queue_is_encrypted_and_keeps_letters_for_two_weeks(app: Template) -> None:
    queue = app.one("AWS::SQS::Queue")
    assert "OperationsKey" in text_of(queue["KmsMasterKeyId"])
    assert queue["MessageRetentionPeriod"] == 14 * 86_400


def test_a_release_that_fails_is_told(app: Template) -> None:
    [rule] = [each for each in app.properties("AWS::Events::Rule") if "EventPattern" in each]
    assert rule["EventPattern"]["detail"]["build-status"] == ["FAILED"]
    assert "AlarmsTopic" in text_of(rule["Targets"])


def test_on_lambda_the_job_may_move_this_alias_and_no_other(dev: Deployment) -> None:
    [statement] = [each for each in dev.app.statements("JobsRole") if "lambda:UpdateAlias" in as_list(each["Action"])]
    assert set(statement["Action"]) == {
        "lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:PublishVersion", "lambda:UpdateAlias",
        "lambda:UpdateFunctionCode",
    }  # fmt: skip
    assert all("ApiFunction" in text_of(each) for each in statement["Resource"])
    told = variables(dev.app)
    assert told["ALIAS"] == "live"
    assert told["FUNCTION"]["Ref"].startswith("ApiFunction")


def test_on_fargate_a_release_is_a_pointer_in_the_bucket_and_touches_no_service(fargate: Deployment) -> None:
    actions = fargate.app.actions("JobsRole")
    assert not {each for each in actions if each.startswith(("ecs:", "lambda:", "iam:"))}
    assert "FUNCTION" not in variables(fargate.app)
    assert "DataBucket" in text_of(variables(fargate.app)["BUNDLE_BUCKET"])


def test_the_job_seeds_demo_people_where_the_page_is_shown_and_the_deep_canary_s_person(
    dev: Deployment, prod: Deployment
) -> None:
    assert (variables(dev.app)["DEMO_PEOPLE"], variables(dev.app)["CANARY_PERSON"]) == ("12", "")
    assert (variables(prod.app)["DEMO_PEOPLE"], variables(prod.app)["CANARY_PERSON"]) == ("0", "sim-0001")


def test_the_job_writes_the_canary_s_key_and_no_other_secret(app: Template) -> None:
    writes = [each for each in app.statements("JobsRole") if "secretsmanager:PutSecretValue" in as_list(each["Action"])]
    assert len(writes) == 1
    assert writes[0]["Resource"]["Ref"].startswith("SecretsCanaryKey")


def test_images_are_scanned_never_overwritten_and_pulled_by_functions_of_this_account_only(app: Template) -> None:
    repository = app.one("AWS::ECR::Repository")
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert repository["ImageTagMutability"] == "IMMUTABLE"
    [statement] = repository["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert "111111111111:function:*" in text_of(statement["Condition"])


@pytest.mark.parametrize("script", ["release.sh", "fetch.sh"])
def test_the_scripts_are_programs_that_bash_understands(script: str) -> None:
    path = ROOT / "infra/release" / script
    assert path.stat().st_mode & 0o111
    checked = run(["bash", "-n", path])
    assert checked.returncode == 0, checked.stderr
    assert "set -euo pipefail" in path.read_text()


# Stand-ins for the programs of the job: each tells what it was asked, in order.
MARQUEE = """#!/usr/bin/env bash
echo "$*" | sed 's/^run --no-sync //' >>"$CALLS"
case "$*" in
    *"marquee build"*) echo '{"version": "0123456789abcdef"}' ;;
    *"keys create"*) echo '{"key": "mq_new"}' ;;
esac
case "$*" in *"$FAILING"*) exit 1 ;; esac
"""
AWS = """#!/usr/bin/env bash
echo "aws $1 $2" >>"$CALLS"
case "$1 $2" in
    "lambda update-function-code") echo 7 ;;
    "secretsmanager get-secret-value") echo "$HELD" ;;
    "secretsmanager put-secret-value") echo "key $(cat canary.key)" >>"$CALLS" ;;
    "ecr get-login-password") echo secret ;;
    "s3 sync") if [ -n "${RAW:-}" ]; then mkdir -p raw/movielens && touch raw/movielens/movies.csv; fi ;;
esac
"""
DOCKER = '#!/usr/bin/env bash\necho "docker $1" >>"$CALLS"\n[ "$1" != login ] || cat >/dev/null\n'


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., tuple[int, list[str]]]:
    """Runs the release script in a folder of its own. Returns its code and what it called."""
    for path, code in ((".ci/uv", MARQUEE), ("bin/aws", AWS), ("bin/docker", DOCKER)):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(code)
        (tmp_path / path).chmod(0o755)
    script = tmp_path / "infra/release/release.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "infra/release/release.sh", script)

    def released(**environment: str) -> tuple[int, list[str]]:
        told = {"CALLS": str(tmp_path / "calls"), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HELD": "mq_old",
                "FAILING": "nothing", "BUNDLE_BUCKET": "films", "CANARY_KEY_ARN": "arn", "ARCHITECTURE": "x86_64",
                "REPOSITORY": "registry/images", "OPENSEARCH_ENDPOINT": "https://search"}  # fmt: skip
        done = run(["bash", script], **{**told, **environment})
        return done.returncode, (tmp_path / "calls").read_text().splitlines()

    return released


def test_a_release_to_a_function_moves_alias_and_pointer_after_all_that_they_need(job: Callable) -> None:
    code, calls = job(FUNCTION="api", ALIAS="live")
    assert code == 0
    order = [
        "marquee build --no-activate --events-from-state --json", "marquee bundle publish 0123456789abcdef",
        "marquee index --bundle 0123456789abcdef", "docker build", "docker push", "aws lambda update-function-code",
        "aws lambda wait", "aws lambda update-alias", "marquee release 0123456789abcdef --keep 2",
    ]  # fmt: skip
    assert [each for each in calls if each in order] == order


def test_without_opensearch_nothing_is_indexed(job: Callable) -> None:
    code, calls = job(FUNCTION="api", ALIAS="live", OPENSEARCH_ENDPOINT="")
    assert code == 0
    assert not [each for each in calls if "index" in each]
    assert "aws lambda update-alias" in calls


def test_a_release_to_servers_makes_no_image(job: Callable) -> None:
    code, calls = job()
    assert code == 0
    assert "marquee release 0123456789abcdef --keep 2" in calls
    assert not [each for each in calls if each.startswith(("docker", "aws lambda"))]


@pytest.mark.parametrize("failing", ["marquee build", "marquee index", "marquee bundle publish"])
def test_what_fails_before_leaves_the_old_release_in_service(job: Callable, failing: str) -> None:
    code, calls = job(FUNCTION="api", ALIAS="live", FAILING=failing)
    assert code != 0
    assert "aws lambda update-alias" not in calls
    assert not [each for each in calls if each.startswith("marquee release")]


def test_raw_data_that_is_there_is_used(job: Callable) -> None:
    _, calls = job(RAW="yes")
    assert "marquee build --no-activate --events-from-state --json --movielens raw/movielens" in calls


def test_the_canary_gets_a_key_once(job: Callable) -> None:
    _, calls = job(HELD="made-by-the-stack")
    assert "marquee keys create canary --json" in calls
    assert "key mq_new" in calls
    assert "marquee keys create canary --json" not in job()[1][len(calls) :]


def test_people_are_seeded_where_they_are_wanted(job: Callable) -> None:
    _, calls = job(DEMO_PEOPLE="12", CANARY_PERSON="sim-0001")
    assert "marquee users seed --limit 12" in calls
    assert "marquee users seed --user sim-0001" in calls
    assert not [each for each in job(DEMO_PEOPLE="0", CANARY_PERSON="")[1][len(calls) :] if "seed" in each]
