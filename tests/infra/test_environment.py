"""Environment variables: every variable that the code reads is set, and every variable that is set is read."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from infra.release.release_states import definition
from infra.service_settings import OWNED
from services.settings import Settings
from tests.infra.templates import Deployment, Template, as_list
from tests.infra.tools import ROOT

# Set by the platform.
OF_PLATFORM = {"AWS_REGION", "CODEBUILD_BUILD_NUMBER", "MARQUEE_HOME"}
# Settings that no stage sets or may set: for other deployments, local stand-ins and the command line.
NOT_ON_AWS = {
    "api_key_pepper", "aws_endpoint_url_bedrock", "aws_endpoint_url_bedrock_runtime",
    "aws_endpoint_url_sagemaker_runtime", "bedrock_batch_role", "ddb_endpoint", "embedder_dir", "marquee_home",
    "movielens_url", "opensearch_engine", "origin_secret", "otel_exporter_otlp_headers", "s3_endpoint", "tmdb_token",
    "tmdb_url",
}  # fmt: skip
VARIANTS = ("prod", "fargate", "domain", "explained", "classic")


def of_functions(template: Template) -> list[dict[str, Any]]:
    return [each["Environment"]["Variables"] for each in template.properties("AWS::Lambda::Function")
            if "Environment" in each]  # fmt: skip


def of_service(template: Template) -> dict[str, Any]:
    """The variables of the function or of the container."""
    environments = [each for each in of_functions(template) if "DDB_USERS_TABLE" in each]
    for task in template.properties("AWS::ECS::TaskDefinition"):
        [container] = task["ContainerDefinitions"]
        environments.append({each["Name"]: each["Value"] for each in container["Environment"]})
    [service] = environments
    return service


def of_job(template: Template) -> dict[str, Any]:
    environment = template.one("AWS::CodeBuild::Project")["Environment"]
    return {each["Name"]: each["Value"] for each in environment["EnvironmentVariables"]}


def read_in(path: Path) -> tuple[set[str], set[str]]:
    """The variables that a module reads from its environment: required ones and optional ones."""
    required, optional = set[str](), set[str]()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            required |= {node.slice.value} if ast.unparse(node.value) in {"os.environ", "environment"} else set()
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"os.environ.get", "environment.get"}:
            optional |= {each.value for each in node.args if isinstance(each, ast.Constant)}
    return required, optional


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variable_of_the_service_is_a_setting(request: pytest.FixtureRequest, variant: str) -> None:
    """Nothing else would report a misspelt name."""
    template = request.getfixturevalue(variant).app
    assert {name.lower() for name in of_service(template)} <= set(Settings.model_fields)


def test_every_deployment_setting_is_set_by_a_variant_or_not_for_aws(
    request: pytest.FixtureRequest,
) -> None:
    deployed = {name.lower() for each in VARIANTS for name in of_service(request.getfixturevalue(each).app)}
    assert OWNED - deployed - {"aws_region", "bundle_bucket"} == NOT_ON_AWS
    assert not deployed & NOT_ON_AWS


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_agent_has_the_variables_that_it_reads(request: pytest.FixtureRequest, variant: str) -> None:
    template = request.getfixturevalue(variant).app
    required, optional = read_in(ROOT / "infra/release/agent/main.py")
    assert {"RELEASES_TABLE", "BUNDLE_BUCKET", "ALARMS", "PROBE_PERSON"} <= required
    [agent] = [each for each in of_functions(template) if "RELEASES_TABLE" in each]
    # These belong to a function or an endpoint that the variant does not have.
    missing = required - set(agent)
    assert missing <= ({"ALIAS"} if "FUNCTION" not in agent else set()) | (
        {"TWO_TOWER"} if "TWO_TOWER_ENDPOINT" not in agent else set()
    )
    assert optional == {"FUNCTION", "TWO_TOWER_ENDPOINT"}


def test_the_authorizer_has_the_variables_that_it_reads(prod: Deployment) -> None:
    required, _ = read_in(ROOT / "infra/authorizer/main.py")
    assert required
    assert [each for each in of_functions(prod.app) if set(each) == required]


@pytest.mark.parametrize(("variant", "on_lambda"), [("prod", True), ("domain", True), ("fargate", False)])
def test_the_release_job_has_the_variables_that_its_steps_read(
    request: pytest.FixtureRequest, variant: str, on_lambda: bool
) -> None:
    text = (ROOT / "infra/release/release.sh").read_text("utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    read = set(re.findall(r"\$\{?([A-Z][A-Z_]+)\b", code)) - set(re.findall(r"^([A-Z_]+)=", code, re.MULTILINE))
    states = definition(on_lambda=on_lambda, minutes=1, towers=True)["States"].values()
    passed = {
        each["Name"]
        for state in states
        for each in as_list(state.get("Parameters", {}).get("EnvironmentVariablesOverride", []))
    }
    available = set(of_job(request.getfixturevalue(variant).app)) | passed | OF_PLATFORM | {"BASH_SOURCE"}
    # Variables of stages with an image, search or a model are tested before use. $LATEST is Lambda's.
    optional = {name for name in read if f"${{{name}:-" in code} | {"LATEST"}
    # These belong to a step that only Fargate, or only Lambda, has.
    optional |= {"RELEASE_BUNDLE"} if on_lambda else {"REPOSITORY", "ALIAS"}
    assert read - available - optional == set()
    assert {"BUNDLE_BUCKET", "RELEASE_ID", "RELEASES_TABLE", "CANARY_KEY_ARN"} <= read & available


def test_the_canary_has_the_variables_that_it_reads(app: Template) -> None:
    read = set(re.findall(r"process\.env\.([A-Z_]+)", (ROOT / "infra/canary/canary.js").read_text("utf-8")))
    [canary] = app.properties("AWS::Synthetics::Canary")
    # TIMEOUT_MS has a default.
    assert read - {"TIMEOUT_MS"} == set(canary["RunConfig"]["EnvironmentVariables"])
