"""Synthesised templates and a few queries for tests. Plain JSON: no test process starts Node.js."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.variants import VARIANTS, context_of
from tests.infra.tools import run
from tests.servers.locks import locked

Json = dict[str, Any]
ACCOUNT = "111111111111"


@dataclass(frozen=True)
class Template:
    """One stack's template."""

    document: Json

    def all(self, kind: str) -> dict[str, Json]:
        """Resources of a type by logical id."""
        return {name: each for name, each in self.document["Resources"].items() if each["Type"] == kind}

    def properties(self, kind: str, **values: object) -> list[Json]:
        """The properties of the resources of a type with these values."""
        properties = [resource.get("Properties", {}) for resource in self.all(kind).values()]
        return [each for each in properties if values.items() <= each.items()]

    def one(self, kind: str, **values: object) -> Json:
        """The properties of the only such resource."""
        resources = self.properties(kind, **values)
        assert len(resources) == 1, f"{len(resources)} resources of type {kind} with {values}"
        return resources[0]

    def statements(self, role: str) -> list[Json]:
        """The policy statements of the role whose logical id has this prefix."""
        named = [each for each in self.properties("AWS::IAM::Policy")
                 if any(part.get("Ref", "").startswith(role) for part in each["Roles"])]  # fmt: skip
        return [statement for each in named for statement in each["PolicyDocument"]["Statement"]]

    def actions(self, role: str) -> set[str]:
        """The actions in these statements."""
        return {action for each in self.statements(role) for action in as_list(each["Action"])}


@dataclass(frozen=True)
class Deployment:
    """The output of one run of the CDK app. ``edge`` exists on Lambda only."""

    folder: Path
    app: Template
    edge: Template | None


def as_list(value: Any) -> list[Any]:
    """A policy's value, which may be a single item, as a list."""
    return value if isinstance(value, list) else [value]


def text_of(value: Any) -> str:
    """A value with its joins and references, as JSON."""
    return json.dumps(value)


def synthesise(folder: Path, variant: Mapping[str, str], account: str = ACCOUNT) -> tuple[int, str]:
    """Run the app as the CDK command line does. Returns the exit code and standard error."""
    environment = {
        "CDK_CONTEXT_JSON": json.dumps(context_of(variant)), "CDK_OUTDIR": str(folder), "CDK_DEFAULT_ACCOUNT": account,
    }  # fmt: skip
    done = run([sys.executable, "-W", "error", "-m", "infra.app"], **environment)
    return done.returncode, done.stderr


def deployment(run_folder: Path, name: str) -> Deployment:
    """A variant. The first process that needs one synthesises all of them for the run."""
    folder = run_folder / "cdk"
    with locked(run_folder / "cdk.lock"):
        if not (folder / "done").exists():
            done = run([sys.executable, "-W", "error", "-m", "infra.variants", folder], CDK_DEFAULT_ACCOUNT=ACCOUNT)
            assert done.returncode == 0, done.stderr
            assert "WARNING" not in done.stderr, done.stderr
            (folder / "done").touch()
    stage = VARIANTS[name]["stage"]
    edge = folder / name / f"Marquee-{stage}-edge.template.json"
    app = _load(folder / name / f"Marquee-{stage}.template.json")
    return Deployment(folder / name, app, _load(edge) if edge.exists() else None)


def _load(path: Path) -> Template:
    return Template(json.loads(path.read_text()))
