"""Releases: on demand and by schedule, allowed what they need, and heard of when they fail."""

import json
import sys

from infra.release.release_states import BUILD_S
from tests.infra.templates import Deployment, Template, as_list, text_of
from tests.infra.tools import ROOT, run


def variables(template: Template) -> dict[str, object]:
    environment = template.one("AWS::CodeBuild::Project")["Environment"]
    return {each["Name"]: each["Value"] for each in environment["EnvironmentVariables"]}


def test_one_job_runs_at_a_time_for_as_long_as_the_machine_waits(app: Template) -> None:
    project = app.one("AWS::CodeBuild::Project")
    assert (project["ConcurrentBuildLimit"], 60 * project["TimeoutInMinutes"]) == (1, BUILD_S)


def test_the_source_has_what_a_release_is_made_with_and_nothing_else(dev: Deployment) -> None:
    assets = json.loads((dev.folder / "Marquee-dev.assets.json").read_text())["files"]
    folders = [dev.folder / each["source"]["path"] for each in assets.values() if each["source"]["packaging"] == "zip"]
    [source] = [each for each in folders if (each / "infra/release/release.sh").exists()]
    assert {each.name for each in source.iterdir()} == {
        ".ci", ".dockerignore", "Dockerfile", "LICENSE", "NOTICE", "README.md", "data_jobs", "infra", "pyproject.toml",
        "services", "uv.lock",
    }  # fmt: skip
    assert (source / dev.app.one("AWS::CodeBuild::Project")["Source"]["BuildSpec"]).is_file()
    assert not list(source.rglob("node_modules"))
    assert not list(source.rglob("__pycache__"))


def test_only_a_schedule_starts_it_by_itself(dev: Deployment, domain: Deployment) -> None:
    assert not [each for each in dev.app.properties("AWS::Events::Rule") if "ScheduleExpression" in each]
    [rule] = [each for each in domain.app.properties("AWS::Events::Rule") if "ScheduleExpression" in each]
    assert rule["ScheduleExpression"] == "cron(0 3 ? * SUN *)"


def test_a_failed_start_goes_to_the_dead_letter_queue(domain: Deployment) -> None:
    [queue] = domain.app.all("AWS::SQS::Queue")
    for rule in domain.app.properties("AWS::Events::Rule"):
        [target] = rule["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [queue, "Arn"]}}


def test_the_queue_is_encrypted_and_keeps_letters_for_two_weeks(app: Template) -> None:
    queue = app.one("AWS::SQS::Queue")
    assert "OperationsKey" in text_of(queue["KmsMasterKeyId"])
    assert queue["MessageRetentionPeriod"] == 14 * 86_400


def test_a_failed_release_is_reported(app: Template) -> None:
    [rule] = [each for each in app.properties("AWS::Events::Rule") if "aws.states" in text_of(each)]
    assert set(rule["EventPattern"]["detail"]["status"]) == {"FAILED", "TIMED_OUT", "ABORTED"}
    assert "ReleasesMachine" in text_of(rule["EventPattern"]["detail"]["stateMachineArn"])
    assert "AlarmsTopic" in text_of(rule["Targets"])


def lambda_rights(template: Template, role: str) -> dict[str, list[str]]:
    """The actions on functions that a role may do, each with what it may do it to."""
    return {action: [text_of(resource) for resource in as_list(each["Resource"])]
            for each in template.statements(role) for action in as_list(each["Action"])
            if action.startswith("lambda:")}  # fmt: skip


def test_the_job_removes_old_versions_and_changes_nothing_that_is_served(dev: Deployment) -> None:
    allowed = lambda_rights(dev.app, "JobsRole")
    assert set(allowed) == {"lambda:DeleteFunction", "lambda:GetAlias", "lambda:ListVersionsByFunction"}
    assert all("ApiFunction" in each for resources in allowed.values() for each in resources)
    [versions] = allowed["lambda:DeleteFunction"]
    assert ":*" in versions
    assert variables(dev.app)["FUNCTION"]["Ref"].startswith("ApiFunction")


def test_the_agent_alone_may_move_the_alias_and_call_versions(dev: Deployment) -> None:
    allowed = lambda_rights(dev.app, "ReleasesAgentRole")
    assert {"lambda:UpdateAlias", "lambda:PublishVersion", "lambda:UpdateFunctionCode", "lambda:InvokeFunction"} <= set(
        allowed
    )
    assert all("ApiFunction" in each for resources in allowed.values() for each in resources)
    assert [":*" in each for each in allowed["lambda:InvokeFunction"]] == [True]
    others = [name for name in dev.app.all("AWS::IAM::Policy") if not name.startswith("ReleasesAgentRole")]
    for name in others:
        document = dev.app.document["Resources"][name]["Properties"]["PolicyDocument"]
        assert "lambda:UpdateAlias" not in text_of(document), name


def test_the_agent_is_its_own_files_and_nothing_else(dev: Deployment) -> None:
    assets = json.loads((dev.folder / "Marquee-dev.assets.json").read_text())["files"]
    folders = [dev.folder / each["source"]["path"] for each in assets.values() if each["source"]["packaging"] == "zip"]
    [agent] = [each for each in folders if (each / "infra/release/agent/main.py").exists()
               and not (each / "infra/release/release.sh").exists()]  # fmt: skip
    there = {path.relative_to(agent).as_posix() for path in agent.rglob("*") if path.is_file()}
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "infra/release/agent").glob("*.py")}
    assert there == expected | {"infra/__init__.py", "infra/release/__init__.py"}
    loaded = "import sys; sys.path.insert(0, sys.argv[1]); import infra.release.agent.main as m; print(m.__file__)"
    done = run([sys.executable, "-P", "-c", loaded, agent])
    assert str(agent) in done.stdout, done.stderr


def test_on_fargate_the_agent_reaches_the_pointer_and_no_function(fargate: Deployment) -> None:
    assert not lambda_rights(fargate.app, "ReleasesAgentRole")
    assert not {
        each for each in fargate.app.actions("ReleasesAgentRole") if each.startswith(("ecr:", "secretsmanager:"))
    }
    writes = [each for each in fargate.app.statements("ReleasesAgentRole") if "s3:PutObject" in as_list(each["Action"])]
    assert ["current.json" in text_of(each["Resource"]) for each in writes] == [True]


def test_the_alarms_that_end_releases_exist(app: Template) -> None:
    [agent] = [each for each in app.properties("AWS::Lambda::Function") if "ALARMS" in text_of(each)]
    watched = set(agent["Environment"]["Variables"]["ALARMS"].split(","))
    assert watched <= {each["AlarmName"] for each in app.properties("AWS::CloudWatch::Alarm")}
    assert any(each.endswith("-ErrorRate") for each in watched)


def test_on_fargate_a_release_is_a_pointer_in_the_bucket_and_touches_no_service(fargate: Deployment) -> None:
    actions = fargate.app.actions("JobsRole")
    assert not {each for each in actions if each.startswith(("ecs:", "lambda:", "iam:"))}
    assert "FUNCTION" not in variables(fargate.app)
    assert "DataBucket" in text_of(variables(fargate.app)["BUNDLE_BUCKET"])


def test_on_fargate_the_job_makes_no_image_and_needs_no_rights_for_one(fargate: Deployment, dev: Deployment) -> None:
    assert not fargate.app.all("AWS::ECR::Repository")
    assert "REPOSITORY" not in variables(fargate.app)
    assert not [each for each in fargate.app.actions("JobsRole") if each.startswith("ecr:")]
    assert fargate.app.one("AWS::CodeBuild::Project")["Environment"]["PrivilegedMode"] is False
    assert dev.app.one("AWS::CodeBuild::Project")["Environment"]["PrivilegedMode"] is True


def test_images_are_made_on_a_machine_of_their_own_architecture(dev: Deployment, fargate: Deployment) -> None:
    machines = [made.app.one("AWS::CodeBuild::Project")["Environment"]["Type"] for made in (dev, fargate)]
    assert machines == ["LINUX_CONTAINER", "ARM_CONTAINER"]
    assert [variables(made.app)["ARCHITECTURE"] for made in (dev, fargate)] == ["x86_64", "arm64"]


def test_the_job_seeds_the_people_of_the_page_and_of_the_deep_canary(dev: Deployment, domain: Deployment) -> None:
    offered = dev.app.one("AWS::Lambda::Function", PackageType="Image")["Environment"]["Variables"]["DEMO_USERS"]
    assert offered.startswith("sim-")
    assert (variables(dev.app)["DEMO_USERS"], variables(dev.app)["CANARY_PERSON"]) == (offered, "")
    assert (variables(domain.app)["DEMO_USERS"], variables(domain.app)["CANARY_PERSON"]) == ("", "sim-0001")


def test_the_job_writes_the_canary_s_key_and_no_other_secret(app: Template) -> None:
    writes = [each for each in app.statements("JobsRole") if "secretsmanager:PutSecretValue" in as_list(each["Action"])]
    assert len(writes) == 1
    assert writes[0]["Resource"]["Ref"].startswith("SecretsCanaryKey")


def test_images_are_pulled_by_functions_of_this_account_only(dev: Deployment) -> None:
    repository = dev.app.one("AWS::ECR::Repository")
    [statement] = repository["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert "111111111111:function:*" in text_of(statement["Condition"])
