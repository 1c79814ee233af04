"""`make acceptance`, against a local deployment: a server with DynamoDB and Secrets Manager on loopback, and the real
`marquee keys`, `cost` and `doctor`. CDK, the state machine and the AWS command line are fakes.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.e2e.kit import MARQUEE, Served, bundles, environment, marquee
from tests.patience import PATIENCE_S
from tests.servers.http_server import Answer, HttpServer

ROOT = Path(__file__).resolve().parents[2]
UV = """#!/usr/bin/env bash
case "$3" in
    marquee) exec "$MARQUEE" "${@:4}" ;;
    python) case "$5" in
        infra.show) echo '{"region": "eu-west-1", "two_tower": "off"}' ;;
        infra.release) echo "$*" >>calls; case "$*" in *"$FAILING"*) exit 1 ;; esac ;;
    esac ;;
esac
"""
CDK = '#!/usr/bin/env bash\necho "cdk $1" >>calls\nif [ "$1" = deploy ]; then touch deployed; else rm -f deployed; fi\n'
AWS = """#!/usr/bin/env bash
case "$1 $2" in
    "cloudformation describe-stacks")
        [ -f deployed ] || { echo "Stack with id Marquee-dev does not exist" >&2; exit 254; }
        python3 - "$*" <<'FIND'
import json, os, re, sys
match = re.search("OutputKey=='([A-Za-z]+)'", sys.argv[1])
print(json.loads(os.environ["OUTPUTS"]).get(match[1], "None") if match else "")
FIND
        ;;
    "s3api head-object") echo "An error occurred (404)" >&2; exit 254 ;;
    "codebuild batch-get-projects") echo api ;;
esac
"""


@dataclass
class Account:
    """A checkout with the scripts, and the resources and outputs of a deployment."""

    folder: Path
    variables: dict[str, str]
    outputs: dict[str, str]

    def accept(self, **more: str) -> tuple[int, dict[str, Any], str]:
        """Run the acceptance; return its exit code, report and output."""
        done = subprocess.run(
            ["bash", "infra/release/acceptance.sh", "dev"], cwd=self.folder, capture_output=True, text=True,
            timeout=PATIENCE_S, check=False,
            env={**self.variables, "OUTPUTS": json.dumps(self.outputs), "FAILING": "nothing", **more},
        )  # fmt: skip
        [report] = self.folder.glob("acceptance-dev-*.json")
        return done.returncode, json.loads(report.read_text()), done.stdout + done.stderr

    @property
    def calls(self) -> str:
        return (self.folder / "calls").read_text()


@pytest.fixture
def account(home: Path, tmp_path: Path, unique_name: str) -> Iterator[Account]:
    folder = tmp_path / "checkout"
    for name, code in ((".ci/uv", UV), ("bin/aws", AWS), ("infra/node_modules/.bin/cdk", CDK),
                       ("bin/git", "#!/bin/sh\necho 0123abcd\n")):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code)
        (folder / name).chmod(0o755)
    shutil.copytree(ROOT / "infra/release", folder / "infra/release")
    aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    aws.start()
    _, port = aws.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "eu-west-1"}
    secrets = boto3.client("secretsmanager", endpoint_url=url, **keys)  # type: ignore[call-overload]
    pepper = secrets.create_secret(Name=unique_name, SecretString="a pepper for tests only")["ARN"]
    stored = {"DDB_USERS_TABLE": "users", "DDB_EVENTS_TABLE": "events", "DDB_CACHE_TABLE": "cache"}
    cloud = {"DDB_ENDPOINT": url, "AWS_ENDPOINT_URL_SECRETS_MANAGER": url, "AWS_REGION": "eu-west-1",
             "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "DDB_TIMEOUT_MS": "60000"}  # fmt: skip
    env = {**cloud, **stored, "API_KEYS": "on", "API_KEY_PEPPER_ARN": pepper}
    created = marquee(home, "tables", "create", env=env)
    assert created.returncode == 0, created.stderr
    origin = HttpServer(lambda _request: Answer(401, b"{}"))
    with Served(home, env=env) as server:
        variables = environment(home, cloud) | {"MARQUEE": str(MARQUEE)}
        variables["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"
        outputs = {"Url": server.url, "BucketName": "films", "PepperArn": pepper, "UsersTable": "users",
                   "EventsTable": "events", "RecCacheTable": "cache", "ReleaseTable": "releases",
                   "OriginUrl": f"http://127.0.0.1:{origin.port}"}  # fmt: skip
        yield Account(folder, variables, outputs)
    origin.close()
    aws.stop()


def test_an_acceptance_reports_its_checks_and_the_cost(account: Account, home: Path) -> None:
    code, report, output = account.accept()
    assert code == 0, output
    assert (report["stage"], report["commit"], report["accepted"], report["failed_at"]) == (
        "dev", "0123abcd", True, None,
    )  # fmt: skip
    assert report["began"] <= report["ended"]
    checks = {check["part"]: check for check in report["found"]["checks"]}
    assert {"ready", "version", "person", "words", "k", "feedback", "erasure", "headers", "keys"} <= set(checks)
    assert {check["state"] for check in checks.values()} == {"ok"}
    assert bundles(home)[0] in checks["version"]["found"]
    assert report["cost_a_month"]["bills"][0]["total"] > 0
    assert "cdk destroy" in account.calls.splitlines()[-1]
    assert not (account.folder / "deployed").exists()


def test_a_failed_acceptance_names_the_step_and_destroys_the_stack(account: Account) -> None:
    code, report, _ = account.accept(FAILING="start release")
    assert code != 0
    assert (report["accepted"], report["failed_at"], report["found"]) == (False, "release", None)
    assert "cdk destroy" in account.calls


def test_an_api_that_answers_without_the_origin_header_is_not_accepted(account: Account) -> None:
    account.outputs["OriginUrl"] = account.outputs["Url"]
    code, report, output = account.accept()
    assert code != 0
    assert (report["accepted"], report["failed_at"]) == (False, "accept")
    assert "answers 200 without the origin header, expected 401" in output
