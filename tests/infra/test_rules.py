"""The rules for templates: cdk-nag at synthesis, cfn-lint and checkov over the written templates."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from infra.variants import VARIANTS
from tests.infra.templates import Deployment, synthesise
from tests.infra.tools import ROOT, checkov, run

CONFIG = ROOT / "infra/checks/checkov.yaml"
BREAKING = """
import json, sys
import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from infra.app import build
from infra.settings import load_settings
app = cdk.App(context=json.load(open("cdk.json"))["context"], outdir=sys.argv[1])
build(app, load_settings({"stage": "dev"}, {}))
s3.Bucket(app.node.find_child("Marquee-dev"), "Open")
lambda_.Function(app.node.find_child("Marquee-dev"), "Untraced", runtime=lambda_.Runtime.PYTHON_3_13,
                 handler="index.handler", code=lambda_.Code.from_inline("handler = None"))
role = app.node.find_child("Marquee-dev").node.find_child("Api").role
role.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name("ReadOnlyAccess"))
role.add_to_policy(iam.PolicyStatement(actions=["s3:Get*"], resources=["*"]))
app.synth()
"""


@pytest.fixture(scope="module")
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All templates in one folder."""
    folder = tmp_path_factory.mktemp("templates")
    for name in VARIANTS:
        made: Deployment = request.getfixturevalue(name)
        for template in made.folder.glob("*.template.json"):
            shutil.copy(template, folder / f"{name}-{template.name}")
    assert all(any(folder.glob(f"{name}-*")) for name in VARIANTS)
    return folder


def failures(folder: Path, *options: str | Path) -> Iterator[str]:
    """The ids of the checks that fail."""
    done = run([*checkov(), *options, "--directory", folder, "--output", "json", "--soft-fail"],
               UV_PROJECT_ENVIRONMENT=str(ROOT / ".tools/checkov"))  # fmt: skip
    document = json.loads(done.stdout)
    assert document["summary"]["resource_count"] > 200, done.stderr
    for check in document["results"]["failed_checks"]:
        yield f"{check['check_id']} {check['resource']}"


def test_a_finding_of_cdk_nag_fails_the_synthesis(tmp_path: Path) -> None:
    """So the existence of the templates proves that every finding is acknowledged."""
    done = run([sys.executable, "-c", BREAKING, tmp_path])
    assert done.returncode != 0
    assert "AwsSolutions-S1" in done.stderr + done.stdout
    assert "AwsSolutions-S10" in done.stderr + done.stdout
    assert "Serverless-LambdaTracing" in done.stderr + done.stdout
    # Managed policies and wildcards of a role.
    for finding in ("AwsSolutions-IAM4", "AwsSolutions-IAM5[Resource::*]", "AwsSolutions-IAM5[Action::s3:Get*]"):
        assert finding in done.stderr + done.stdout


def test_undeployable_settings_are_one_line_and_no_template(tmp_path: Path) -> None:
    code, errors = synthesise(tmp_path, {"stage": "production"})
    assert code == 2
    assert errors.strip().splitlines()[-1].startswith("deployment settings: stage = 'production': expected dev or prod")
    assert not list(tmp_path.glob("*.template.json"))


def test_cfn_lint_finds_nothing(templates: Path) -> None:
    # W3005: the CDK writes dependencies down that references imply.
    files = sorted(templates.glob("*.json"))
    done = run([Path(sys.executable).with_name("cfn-lint"), "--ignore-checks", "W3005", "--", *files])
    assert done.returncode == 0, done.stdout


def test_cfn_lint_detects_an_error(templates: Path, tmp_path: Path) -> None:
    document = json.loads((templates / "dev-Marquee-dev.template.json").read_text())
    document["Resources"]["Wrong"] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketNaem": "x"}}
    (tmp_path / "wrong.json").write_text(json.dumps(document))
    done = run([Path(sys.executable).with_name("cfn-lint"), "--", tmp_path / "wrong.json"])
    assert "BucketNaem" in done.stdout


def test_checkov_finds_nothing_that_is_not_justified(templates: Path) -> None:
    assert list(failures(templates, "--config-file", CONFIG)) == []


def test_every_skip_of_checkov_is_still_needed(templates: Path) -> None:
    skipped = yaml.safe_load(CONFIG.read_text())["skip-check"]
    options = ("--framework", "cloudformation", "--skip-download", "--compact", "--quiet")
    failing = {each.split()[0] for each in failures(templates, *options)}
    assert sorted(skipped) == sorted(failing)
