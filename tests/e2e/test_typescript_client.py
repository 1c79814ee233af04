"""TypeScript types are generated from the committed OpenAPI document, and a client that uses them compiles and runs
against a server.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.kit import Served
from tests.openapi.snapshot import SNAPSHOT
from tests.patience import DOWNLOAD_S
from tests.servers.http_server import Answer, HttpServer, Request

CLIENT = Path(__file__).resolve().parents[1] / "clients"
# Without it, fields with a default would be required in requests.
OPTIONS = ("--default-non-nullable", "false")
COMPILER = ("--strict", "--skipLibCheck", "false", "--target", "es2022", "--module", "esnext",
            "--moduleResolution", "bundler")  # fmt: skip
CHECKS = ["recommend", "similar", "feedback and its replay", "a typed error", "pages to the end"]

pytestmark = pytest.mark.skipif(
    shutil.which("npm") is None, reason="npm is not installed: no TypeScript client was compiled and run"
)


def run(folder: Path, *command: str, url: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "MARQUEE_URL": url}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=DOWNLOAD_S, check=False,
    )  # fmt: skip


def output_of(folder: Path, *command: str) -> str:
    done = run(folder, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiled client, ``use.js``."""
    folder = tmp_path_factory.mktemp("typescript")
    for name in ("package.json", "package-lock.json", "use.ts"):
        shutil.copy(CLIENT / name, folder)
    output_of(folder, "npm", "ci", "--no-audit", "--no-fund", "--silent")
    generated = output_of(folder, "node_modules/.bin/openapi-typescript", str(SNAPSHOT), *OPTIONS, "-o", "marquee.d.ts")
    assert "warn" not in generated.lower()
    output_of(folder, "node_modules/.bin/tsc", *COMPILER, "use.ts")
    return folder


def test_the_client_runs_against_a_server(compiled: Path, served: Served) -> None:
    done = run(compiled, "node", "use.js", url=served.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == CHECKS


Document = dict[str, Any]
# Changes of a response: the check that must fail, the path, and the change of the body.
CHANGES: dict[str, tuple[str, str, Callable[[Document], object]]] = {
    "too few films": ("recommend", "/recommend", lambda body: body.get("items", [None]).pop()),
    "a film without a title": ("recommend", "/recommend", lambda body: body["items"][0].pop("title")),
    "the film itself": ("similar", "/similar", lambda body: body["items"][0].update(item_id=body["item_id"])),
    "another event": ("feedback and its replay", "/feedback", lambda body: body.update(event_id=os.urandom(4).hex())),
    "another kind of error": (
        "a typed error", "/recommend", lambda body: "errors" in body and body.update(type="/problems/unknown-genre"),
    ),
    "an error at another field": (
        "a typed error", "/recommend", lambda body: [fault.update(pointer="/q") for fault in body.get("errors", [])],
    ),
    "a last page in the middle": ("pages to the end", "/recommend", lambda body: body.update(next_cursor=None)),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_the_client_fails_if_the_server_answers_otherwise(compiled: Path, served: Served, name: str) -> None:
    check, path, change = CHANGES[name]

    def changed(request: Request) -> Answer:
        answer = forwarded(served, request)
        if request.path.partition("?")[0] != path:
            return answer
        document = json.loads(answer.body)
        change(document)
        return Answer(answer.status, json.dumps(document).encode(), answer.headers)

    assert failed_check(compiled, changed) == check


def test_the_client_fails_if_a_replay_does_not_say_so(compiled: Path, served: Served) -> None:
    def bare(request: Request) -> Answer:
        answer = forwarded(served, request)
        return Answer(answer.status, answer.body, [each for each in answer.headers if each[0] == "content-type"])

    assert failed_check(compiled, bare) == "feedback and its replay"


@pytest.mark.parametrize("status", [200, 400, 500])
def test_the_client_fails_at_another_status(compiled: Path, served: Served, status: int) -> None:
    def changed(request: Request) -> Answer:
        answer = forwarded(served, request)
        return Answer(status if answer.status == 422 else answer.status, answer.body, answer.headers)

    assert failed_check(compiled, changed) == "a typed error"


def forwarded(served: Served, request: Request) -> Answer:
    """Return the server's answer to a request."""
    headers = {name: request.headers[name] for name in ("Content-Type", "Idempotency-Key") if name in request.headers}
    answer = served.client.request(request.method, request.path, content=request.body, headers=headers)
    kept = [(name, answer.headers[name]) for name in ("content-type", "idempotency-replayed") if name in answer.headers]
    return Answer(answer.status_code, answer.content, kept)


def failed_check(compiled: Path, answer: Callable[[Request], Answer]) -> str:
    """Run the client against a server that answers so, and return the check at which it fails."""
    with closing(HttpServer(answer)) as server:
        done = run(compiled, "node", "use.js", url=f"http://127.0.0.1:{server.port}")
    assert done.returncode == 1, done.stdout + done.stderr
    passed = done.stdout.splitlines()
    assert passed == CHECKS[: len(passed)]
    return CHECKS[len(passed)]
