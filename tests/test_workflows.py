"""The workflows: pinned actions, least privilege, a gate before every deployment, and renewal of the pins."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

GITHUB = Path(__file__).resolve().parents[1] / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    # YAML 1.1 reads `on` as a boolean.
    document = yaml.safe_load(path.read_text("utf-8"))
    return {("on" if key is True else key): value for key, value in document.items()}


CI = read(GITHUB / "workflows/ci.yml")
DEPLOY = read(GITHUB / "workflows/deploy.yml")


def steps(job: str) -> list[str]:
    return [step["run"] for step in DEPLOY["jobs"][job]["steps"] if "run" in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_with_its_version_in_a_comment(path: Path) -> None:
    used = [line.strip() for line in path.read_text("utf-8").splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.fullmatch(r"(- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_has_the_least_rights_and_a_time_limit(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        rights = job.get("permissions", {})
        assert set(rights) <= {"contents", "id-token"} | ({"packages"} if path.name == "release.yml" else set()), name
        # Only the publishing job may write, and only after a person approved it.
        assert rights.get("contents", "read") == "read" or (path.name == "release.yml" and "environment" in job), name
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            if "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_a_change_runs_the_project_s_own_check() -> None:
    """With the oldest and the newest Python; a failure fails the job."""
    assert "pull_request" in CI["on"]
    job = CI["jobs"]["check"]
    [step] = [step for step in job["steps"] if step.get("run") == ".ci/run"]
    assert not {"if", "continue-on-error"} & (set(step) | set(job))
    assert {"3.11", "3.13"} <= set(job["strategy"]["matrix"]["python"])


def test_the_api_of_a_pull_request_is_compared_with_its_base_branch() -> None:
    job = CI["jobs"]["api"]
    assert job["if"] == "github.event_name == 'pull_request'"
    [base] = [step["with"] for step in job["steps"] if "ref" in step.get("with", {})]
    assert base["ref"] == "${{ github.base_ref }}"
    [compared] = [step for step in job["steps"] if "python -m tests.openapi" in step.get("run", "")]
    assert f"--against {base['path']}/docs/openapi.json" in compared["run"]
    assert "'breaking'" in compared["env"]["BREAKING"]


def test_templates_and_images_are_built_before_a_deployment() -> None:
    assert {"templates", "image"} <= set(DEPLOY["jobs"]["deploy"]["needs"])
    assert "make synth" in steps("templates")
    assert any("tests/infra" in command for command in steps("templates"))
    assert {"lambda", "server"} <= set(DEPLOY["jobs"]["image"]["strategy"]["matrix"]["target"])


def test_a_deployment_is_started_manually_and_passes_the_gate_of_its_environment() -> None:
    job = DEPLOY["jobs"]["deploy"]
    assert job["if"] == "github.event_name == 'workflow_dispatch'"
    assert job["environment"] == "${{ inputs.stage }}"
    assert job["concurrency"]["group"] == "deploy-${{ inputs.stage }}"
    assert job["concurrency"]["cancel-in-progress"] is False
    assert DEPLOY["on"]["workflow_dispatch"]["inputs"]["stage"]["options"] == ["dev", "prod"]


def test_a_base_image_without_a_digest_is_refused_before_the_deployment() -> None:
    runs = steps("deploy")
    check = next(at for at, run in enumerate(runs) if run.endswith("python -m infra.image bases"))
    assert check < runs.index('infra/release/deploy.sh "$STAGE"')


@pytest.mark.parametrize("job", ["diff", "deploy"])
def test_a_role_is_assumed_by_oidc_and_the_released_bundle_fetched_first(job: str) -> None:
    definition = DEPLOY["jobs"][job]
    assert definition["permissions"]["id-token"] == "write"
    assert [step for step in definition["steps"] if "configure-aws-credentials" in step.get("uses", "")]
    assert not [step for step in definition["steps"] if "aws-access-key-id" in str(step)]
    if job == "deploy":
        # The script fetches it while it holds the stage's lock.
        assert 'infra/release/deploy.sh "$STAGE"' in steps(job)
        return
    fetched, cdk = (next(n for n, run in enumerate(steps(job)) if part in run) for part in ("fetch.sh", "bin/cdk"))
    assert fetched < cdk


def test_a_deployment_that_removes_resources_needs_a_confirmation() -> None:
    [step] = [step for step in DEPLOY["jobs"]["deploy"]["steps"] if "deploy.sh" in step.get("run", "")]
    inputs = DEPLOY["on"]["workflow_dispatch"]["inputs"]
    for variable, name, value in (("CONFIRM", "take_away", "yes"), ("NOW", "now", "1")):
        assert inputs[name]["default"] is False
        assert step["env"][variable] == f"${{{{ inputs.{name} && '{value}' || '' }}}}", "empty unless it is chosen"


def test_a_fork_gets_no_credentials() -> None:
    condition = DEPLOY["jobs"]["diff"]["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in condition


def test_dependabot_renews_every_kind_of_pin() -> None:
    document = yaml.safe_load((GITHUB / "dependabot.yml").read_text("utf-8"))
    assert {entry["package-ecosystem"] for entry in document["updates"]} == {"uv", "npm", "docker", "github-actions"}


def test_locked_packages_are_audited_for_vulnerabilities_on_a_schedule() -> None:
    workflow = read(GITHUB / "workflows/supply-chain.yml")
    assert {"schedule", "pull_request"} <= set(workflow["on"])
    runs = [step["run"] for step in workflow["jobs"]["audit"]["steps"] if "run" in step]
    assert ".ci/uv audit --locked" in runs
    assert any("make sbom" in run for run in runs)


def test_a_release_is_checked_against_its_tag_before_it_is_published() -> None:
    workflow = read(GITHUB / "workflows/release.yml")
    assert workflow["on"] == {"push": {"tags": ["v*"]}}
    check, publish = (workflow["jobs"][name] for name in ("check", "publish"))
    assert 'make release-check TAG="$GITHUB_REF_NAME"' in [step.get("run") for step in check["steps"]]
    assert publish["needs"] == "check"
    runs = "\n".join(step["run"] for step in publish["steps"] if "run" in step)
    assert runs.index('infra.package notes "$GITHUB_REF_NAME"') < runs.index("uv publish")
    assert "secrets." not in (GITHUB / "workflows/release.yml").read_text("utf-8")
