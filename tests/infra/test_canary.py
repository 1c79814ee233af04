"""The canary as it is deployed, and its own code, run by the Node.js of its runtime against a server here."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.infra.templates import Deployment, Template, as_list, text_of
from tests.infra.tools import ROOT

CODE = ROOT / "infra/canary/canary.js"
# As much of Synthetics as the canary uses: a step runs, and what it throws goes on.
SYNTHETICS = """
exports.synthetics = {
  async executeStep(name, step) { process.stdout.write(`step ${name}\\n`); return step(); },
};
"""
SECRETS = """
exports.GetSecretValueCommand = class { constructor(input) { this.input = input; } };
exports.SecretsManagerClient = class {
  async send(command) { return { SecretString: `mq_key_of_${command.input.SecretId}` }; }
};
"""
RUNNER = "require(process.argv[1]).handler().then(() => {}, (e) => { console.error(e.message); process.exit(1); })"

Answer = Callable[[dict], tuple[int, dict]]


@dataclass
class Asked:
    """What the server was asked."""

    paths: list[str] = field(default_factory=list)
    bodies: list[dict] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, Asked]]:
    """A server on loopback that answers so, and what it was asked."""
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.paths.append(self.path)
            asked.bodies.append(request)
            asked.keys.append(self.headers.get("x-api-key"))
            status, document = answer(request)
            content = json.dumps(document).encode()
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                return  # the canary has given up

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Runtime:
    """Node.js 22 with stand-ins for what AWS puts beside the canary."""

    node: Path
    modules: Path

    def run(self, url: str, **environment: str) -> subprocess.CompletedProcess[str]:
        told = {"API_URL": url, "PERSON": "canary", "ITEMS": "20", "DEEP": "off", "NODE_PATH": str(self.modules)}
        return subprocess.run(
            [str(self.node), "-e", RUNNER, str(CODE)],
            env={**told, **environment}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip


@pytest.fixture
def runtime(node: Path, tmp_path: Path) -> Runtime:
    for name, code in (("@aws/synthetics-core", SYNTHETICS), ("@aws-sdk/client-secrets-manager", SECRETS)):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "index.js").write_text(code)
    return Runtime(node, tmp_path)


def films(count: int, **more: object) -> dict:
    return {"items": [{"item_id": f"film-{number}"} for number in range(count)], "degraded": False, **more}


def good(request: dict) -> tuple[int, dict]:
    return 200, films(request["k"])


def test_it_passes_on_a_good_answer_and_has_asked_as_a_customer_does(runtime: Runtime) -> None:
    with serving(good) as (url, asked):
        done = runtime.run(url)
    assert done.returncode == 0, done.stderr
    assert "step recommend" in done.stdout
    assert asked.paths == ["/recommend"]
    assert asked.bodies == [{"user_id": "canary", "k": 20}]
    assert asked.keys == [None]


def test_it_fails_on_19_films_of_20(runtime: Runtime) -> None:
    with serving(lambda _: (200, films(19))) as (url, _):
        done = runtime.run(url)
    assert done.returncode == 1
    assert "expected 20 different films, got 19 items" in done.stderr


def test_it_fails_on_21_films_of_20(runtime: Runtime) -> None:
    with serving(lambda _: (200, films(21))) as (url, _):
        assert runtime.run(url).returncode == 1


def test_it_fails_on_a_film_that_comes_twice(runtime: Runtime) -> None:
    twice = films(19)["items"] + films(1)["items"]
    with serving(lambda _: (200, {"items": twice})) as (url, _):
        done = runtime.run(url)
    assert "got 20 items, 19 films" in done.stderr


def test_it_fails_on_an_answer_without_films(runtime: Runtime) -> None:
    with serving(lambda _: (200, {"detail": "no"})) as (url, _):
        assert runtime.run(url).returncode == 1


@pytest.mark.parametrize("status", [201, 403, 429, 500, 503])
def test_it_fails_on_any_status_but_200(runtime: Runtime, status: int) -> None:
    with serving(lambda request: (status, films(request["k"]))) as (url, _):
        done = runtime.run(url)
    assert done.returncode == 1
    assert f"expected status 200, got {status}" in done.stderr


def test_it_fails_on_an_answer_that_does_not_come(runtime: Runtime) -> None:
    def slow(request: dict) -> tuple[int, dict]:
        time.sleep(1.5)
        return good(request)

    with serving(slow) as (url, _):
        done = runtime.run(url, TIMEOUT_MS="300")
    assert done.returncode == 1
    assert "timeout" in done.stderr


def test_it_fails_where_nobody_answers(runtime: Runtime) -> None:
    with serving(good) as (url, _):
        pass
    assert runtime.run(url).returncode == 1


def test_it_shows_the_key_that_is_in_its_secret(runtime: Runtime) -> None:
    with serving(good) as (url, asked):
        done = runtime.run(url, KEY_SECRET_ARN="arn")
    assert done.returncode == 0, done.stderr
    assert asked.keys == ["mq_key_of_arn"]


def test_a_degraded_answer_is_good_enough_unless_it_looks_deep(runtime: Runtime) -> None:
    with serving(lambda request: (200, films(request["k"], degraded=True))) as (url, _):
        assert runtime.run(url).returncode == 0
        deep = runtime.run(url, DEEP="on", PERSON="sim-0001")
    assert deep.returncode == 1
    assert "degraded" in deep.stderr


def test_looking_deep_it_never_asks_the_same_twice(runtime: Runtime) -> None:
    with serving(good) as (url, asked):
        assert [runtime.run(url, DEEP="on", PERSON="sim-0001").returncode for _ in range(2)] == [0, 0]
    first, second = (each["diversity"] for each in asked.bodies)
    assert first != second
    assert all(0 <= each <= 1 for each in (first, second))


def test_it_runs_every_five_minutes_on_the_named_runtime(app: Template) -> None:
    canary = app.one("AWS::Synthetics::Canary")
    assert canary["Schedule"]["Expression"] == "rate(5 minutes)"
    assert canary["RuntimeVersion"] == "syn-nodejs-5.2"
    assert canary["Code"]["Handler"] == "canary.handler"
    assert canary["StartCanaryAfterCreation"] is True


def test_the_code_that_was_run_here_is_the_code_that_is_deployed(dev: Deployment) -> None:
    [deployed] = dev.folder.glob("asset.*/canary.js")
    assert deployed.read_bytes() == CODE.read_bytes()


def test_it_is_shallow_unless_switched_and_asks_for_twenty(dev: Deployment, prod: Deployment) -> None:
    shallow, deep = (
        made.app.one("AWS::Synthetics::Canary")["RunConfig"]["EnvironmentVariables"] for made in (dev, prod)
    )
    assert (shallow["DEEP"], shallow["PERSON"], shallow["ITEMS"]) == ("off", "canary", "20")
    assert (deep["DEEP"], deep["PERSON"]) == ("on", "sim-0001")
    assert shallow["KEY_SECRET_ARN"]["Ref"].startswith("SecretsCanaryKey")
    assert "https://" in text_of(shallow["API_URL"])


def test_it_writes_reports_into_a_bucket_of_its_own(app: Template) -> None:
    assert "CanaryReports" in text_of(app.one("AWS::Synthetics::Canary")["ArtifactS3Location"])
    [statement] = [each for each in app.statements("CanaryRole") if "s3:PutObject" in as_list(each["Action"])]
    assert "CanaryReports" in text_of(statement["Resource"])


def test_it_may_do_what_canaries_need_and_read_its_key(app: Template) -> None:
    assert app.actions("CanaryRole") == {
        "cloudwatch:PutMetricData", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
        "s3:GetBucketLocation", "s3:ListAllMyBuckets", "s3:PutObject", "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    }  # fmt: skip
    everywhere = [each for each in app.statements("CanaryRole") if each["Resource"] == "*"]
    assert {as_list(each["Action"])[0] for each in everywhere} == {"s3:ListAllMyBuckets", "cloudwatch:PutMetricData"}
