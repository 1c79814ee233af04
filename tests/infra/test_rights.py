"""Every call in the code is allowed to the role that runs it: otherwise a missing permission shows only in an account.

Calls are found in the source by the names of botocore's operations, permissions in the templates.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from infra.release.release_states import definition
from tests.infra.templates import Deployment, Template
from tests.infra.tools import ROOT

AGENT, STATE = "infra/release/agent/*.py", "services/adapters/state/dynamodb/*.py"
SECRETS = "services/adapters/secrets.py"
# `marquee tables create` makes tables where there is no stack.
NOT_DEPLOYED = {"services/adapters/state/dynamodb/tables.py"}
# Operations that are allowed by another name. Source: AWS Service Authorization Reference.
NAMED = {
    "bedrock:Converse": {"bedrock:InvokeModel"},
    "dynamodb:TransactWriteItems": {
        "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
    },
    "lambda:Invoke": {"lambda:InvokeFunction"},
    "s3:DeleteObjects": {"s3:DeleteObject"},
    "s3:DownloadFile": {"s3:GetObject"},
    "s3:HeadObject": {"s3:GetObject"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
}  # fmt: skip
# Commands of the AWS command line in the release job whose actions their names do not give.
COMMANDS = {
    "ecr get-login-password": {"ecr:GetAuthorizationToken"},
    "s3 cp": {"s3:GetObject", "s3:PutObject"},
    "s3 sync": {"s3:GetObject", "s3:ListBucket"},
}
# Step Functions developer guide, "Integrating optimized services".
INTEGRATED = {
    "${Agent}": {"lambda:InvokeFunction"},
    "arn:aws:states:::dynamodb:getItem": {"dynamodb:GetItem"},
    "arn:aws:states:::codebuild:startBuild.sync": {
        "codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild", "events:DescribeRule",
        "events:PutRule", "events:PutTargets",
    },
}  # fmt: skip


def operations(services: Sequence[str]) -> dict[str, str]:
    """Actions by the name of the client's method."""
    session = botocore.session.get_session()
    actions = {"download_file": "s3:DownloadFile"} if "s3" in services else {}
    for service in services:
        prefix = service.removesuffix("-runtime")
        for name in session.get_service_model(service).operation_names:
            actions[xform_name(name)] = f"{prefix}:{name}"
    return actions


def called(patterns: Sequence[str], services: Sequence[str]) -> set[str]:
    """The actions that the calls in these files need: methods of clients, and method names passed as arguments."""
    actions = operations(services)
    paths = [path for pattern in patterns for path in ROOT.glob(pattern)
             if path.relative_to(ROOT).as_posix() not in NOT_DEPLOYED]  # fmt: skip
    assert paths
    methods = {name for path in paths for name in _names(path)} & actions.keys()
    assert methods, f"{patterns} call nothing of {services}"
    return {action for name in methods for action in NAMED.get(actions[name], {actions[name]})}


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Call):
            # By name, as store.call("query") and get_paginator("scan") do.
            yield from (
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def refused(made: Deployment, role: str, needed: set[str]) -> set[str]:
    """The needed actions that the role lacks."""
    granted = made.app.actions(role)
    assert granted, role
    return {each for each in needed if not any(fnmatch(each, pattern) for pattern in granted)}


SERVING = (("dynamodb", [STATE]), ("secretsmanager", [SECRETS]))
MODEL = ("sagemaker-runtime", ["services/adapters/retrieve/sagemaker.py"])
WRITER = ("bedrock-runtime", ["services/adapters/explain/bedrock.py"])
ENCODER = ("bedrock-runtime", ["services/adapters/embed/bedrock/bedrock_client.py"])
READER = ("s3", ["services/adapters/bundle/s3/objects.py"])
RELEASING = (("dynamodb", [AGENT]), ("s3", [AGENT]), ("cloudwatch", [AGENT]))
VERSIONS = (("lambda", [AGENT]), ("secretsmanager", [AGENT]))


@pytest.mark.parametrize(
    ("variant", "role", "calls"),
    [
        ("prod", "ApiRole", SERVING),
        ("fargate", "ApiRole", (*SERVING, ENCODER)),
        ("classic", "ApiRole", (*SERVING, ENCODER)),
        ("domain", "ApiRole", (*SERVING, MODEL)),
        ("explained", "ApiRole", (*SERVING, MODEL, WRITER)),
        ("prod", "ApiGuardRole", (("secretsmanager", ["infra/authorizer/*.py"]),)),
        ("prod", "ReleasesAgentRole", (*RELEASING, *VERSIONS)),
        ("fargate", "ReleasesAgentRole", RELEASING),
        (
            "domain",
            "ReleasesAgentRole",
            (*RELEASING, *VERSIONS, ("sagemaker", [AGENT]), ("sagemaker-runtime", [AGENT])),
        ),
        ("prod", "JobsRole", (*SERVING, READER)),
        ("classic", "JobsRole", (*SERVING, READER, ENCODER)),
        ("fargate", "JobsRole", (*SERVING, READER, ENCODER, ("secretsmanager", ["infra/release/probe_server.py"]))),
    ],
)
def test_each_role_may_call_what_its_code_calls(
    request: pytest.FixtureRequest, variant: str, role: str, calls: Sequence[tuple[str, list[str]]]
) -> None:
    needed = {action for service, patterns in calls for action in called(patterns, [service])}
    # A request never reads the whole log; the job does.
    needed -= {"dynamodb:Scan"} if role == "ApiRole" else set()
    assert refused(request.getfixturevalue(variant), role, needed) == set()


def test_the_release_job_may_run_its_aws_commands(prod: Deployment) -> None:
    text = (ROOT / "infra/release/release.sh").read_text("utf-8")
    commands = set(re.findall(r"\baws ((?:s3|s3api|lambda|ecr|dynamodb|secretsmanager) [a-z-]+)", text))
    assert len(commands) >= 8
    needed: set[str] = set()
    for each in commands:
        service, _, name = each.partition(" ")
        needed |= COMMANDS.get(each) or {operations([service])[name.replace("-", "_")]}
    assert refused(prod, "JobsRole", needed) == set()


@pytest.mark.parametrize(("variant", "on_lambda"), [("prod", True), ("fargate", False)])
def test_the_machine_may_do_what_its_states_do(request: pytest.FixtureRequest, variant: str, on_lambda: bool) -> None:
    states = definition(on_lambda=on_lambda, minutes=1)["States"].values()
    needed = {action for state in states if state["Type"] == "Task" for action in INTEGRATED[state["Resource"]]}
    assert refused(request.getfixturevalue(variant), "ReleasesMachineRole", needed) == set()


def test_a_missing_permission_is_detected(prod: Deployment, tmp_path: Path) -> None:
    code = tmp_path / "calls.py"
    code.write_text("def remove(client):\n    client.delete_function_concurrency(FunctionName='api')\n")
    actions = operations(["lambda"])
    needed = {actions[name] for name in _names(code) if name in actions}
    assert refused(prod, "ReleasesAgentRole", needed) == {"lambda:DeleteFunctionConcurrency"}


def test_the_canary_may_call_what_its_code_calls(app: Template) -> None:
    text = (ROOT / "infra/canary/canary.js").read_text("utf-8")
    calls = {f"secretsmanager:{name}" for name in re.findall(r"new (\w+)Command\(", text)}
    assert calls == {"secretsmanager:GetSecretValue"}
    assert calls <= app.actions("CanaryRole")
