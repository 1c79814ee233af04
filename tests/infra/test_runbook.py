"""docs/operations.md matches the deployment: it has every alarm, output and command."""

import re

import pytest

from infra.settings import DeploymentSettings
from tests.infra.templates import Deployment, Template
from tests.infra.test_rights import called
from tests.infra.tools import ROOT

PAGE = (ROOT / "docs/operations.md").read_text("utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def codes(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def first_cells(text: str) -> set[str]:
    return {name for line in text.splitlines() if line.startswith("|") for name in codes(line.split("|")[1])}


def test_a_first_deployment_takes_ten_steps_at_most() -> None:
    steps = re.findall(r"^(\d+)\. ", section("First deploy"), re.MULTILINE)
    assert steps == [str(number) for number in range(1, len(steps) + 1)]
    assert 1 < len(steps) <= 10


def test_every_alarm_has_its_row(app: Template) -> None:
    rows = first_cells(section("Alarms"))
    made = {each["AlarmName"].rpartition("-")[2] for each in app.properties("AWS::CloudWatch::Alarm")}
    assert made <= rows


def test_no_row_is_about_an_alarm_that_no_deployment_has(
    domain: Deployment, fargate: Deployment, explained: Deployment
) -> None:
    made = {
        each["AlarmName"].rpartition("-")[2]
        for deployed in (domain, fargate, explained)
        for each in deployed.app.properties("AWS::CloudWatch::Alarm")
    }
    assert first_cells(section("Alarms")) <= made


def test_the_listed_outputs_are_those_of_the_stack(app: Template) -> None:
    [line] = [each for each in PAGE.splitlines() if each.startswith("| `output NAME`")]
    # Deployed is for the scripts only: what the next deployment must confirm to remove. The CDK's own have hashes.
    made = {each for each in app.document["Outputs"] if not re.search("[0-9A-F]{8}$", each)} - {"Deployed"}
    assert made <= codes(line.split("|")[2])


def test_every_make_target_on_the_page_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", PAGE, re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", ["operations", "restore"])
def test_every_variable_in_a_command_is_defined(page: str) -> None:
    text = (ROOT / f"docs/{page}.md").read_text("utf-8")
    sourced = (ROOT / "infra/release/deployment.sh").read_text("utf-8")
    used = set(re.findall(r"\$\{?([A-Z][A-Z_]*|[a-z][a-z_]*)\b", text))
    defined = set(re.findall(r"\b([A-Z][A-Z_]*)=", text + sourced)) | set(re.findall(r"(?:for|read -r) ([a-z]+)", text))
    assert used
    assert used <= defined


def rows_of(page: str, title: str) -> set[str]:
    text = (ROOT / f"docs/{page}.md").read_text("utf-8")
    return first_cells(text.partition(f"\n## {title}\n")[2].partition("\n## ")[0])


def test_every_setting_of_a_stage_has_its_row() -> None:
    # `service` is the table, not a setting.
    assert rows_of("architecture-aws", "Settings") == set(DeploymentSettings.model_fields) - {"service"}


def test_the_listed_permissions_of_the_pipeline_cover_its_scripts() -> None:
    """A missing permission would only show at the second deployment."""
    page = (ROOT / "docs/architecture-aws.md").read_text("utf-8")
    rights = codes(page.partition("\n## Pipeline\n")[2])
    needed = {"cloudformation:DescribeStacks"} | called(["infra/release/agent/lock.py"], ["dynamodb"])
    needed |= {"dynamodb:GetItem"} | called(["infra/release/stage.py"], ["stepfunctions"])
    needed = {each.replace("stepfunctions:", "states:") for each in needed} | {"codebuild:BatchGetProjects"}
    assert {each.partition(":")[2] for each in needed} <= {each.partition(":")[2] or each for each in rights}
    fetched = re.findall(r"s3://\$bucket/([\w-]+(?:\.json)?)", (ROOT / "infra/release/fetch.sh").read_text("utf-8"))
    assert {f"{each}/*" if "." not in each else each for each in fetched} <= rights


def test_links_on_pages_about_aws_lead_somewhere() -> None:
    for name in ("operations", "restore", "architecture-aws", "costs"):
        text = (ROOT / f"docs/{name}.md").read_text("utf-8")
        for target, anchor in re.findall(r"\]\(([\w./-]*?)(?:#([\w-]+))?\)", text):
            page = ROOT / "docs" / (target or f"{name}.md")
            assert page.exists(), f"{name}: {target}"
            if anchor:
                titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}
                assert anchor in anchors, f"{name}: {target}#{anchor}"
