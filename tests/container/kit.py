"""The image's tree, laid out once per run, and events as API Gateway sends them."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from data_jobs.bench.emulator import EmulatedFunction
from infra.image.errors import LayoutError
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
HANDLER = "services.api.app.lambda_handler.handler"
T = TypeVar("T")


@dataclass(frozen=True)
class Tree:
    """``task``: the content of /var/task; ``layers``: the folder with one folder per layer."""

    task: Path
    layers: Path


def needed(make: Callable[[], T], environment: Mapping[str, str] = os.environ) -> T:
    """What ``make`` installs. If it can't, raises LayoutError in CI, and elsewhere skips the test with the reason."""
    try:
        return make()
    except LayoutError as error:
        if environment.get("CI", "").lower() in {"true", "1"}:
            raise
        pytest.skip(str(error))


def python_in(task: Path, statement: str, **environment: str) -> str:
    """The output of a statement in a fresh Python with only this folder and the standard library."""
    done = subprocess.run(
        [str(Path(sys.executable).resolve()), "-S", "-c", statement],
        cwd=task,
        env={"PYTHONPATH": str(task), "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def function(tools: Path, folders: Sequence[Path], handler: str, environment: Mapping[str, str]) -> EmulatedFunction:
    """A function whose timeout is longer than any test waits."""
    return EmulatedFunction(tools, folders, handler, environment, timeout_s=int(PATIENCE_S))


def event(method: str, target: str, body: object = None, **changes: Any) -> dict[str, Any]:
    """An event of an HTTP API, payload 2.0, as the developer guide of API Gateway shows it."""
    path, _, query = target.partition("?")
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    message: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "accept": "*/*",
            "content-type": "application/json",
            "host": "abc123.execute-api.eu-west-1.amazonaws.com",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "111111111111",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.eu-west-1.amazonaws.com",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "24/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795521600000,
        },
        "isBase64Encoded": False,
    }
    if text is not None:
        message["body"] = text
        message["headers"]["content-length"] = str(len(text.encode()))
    return message | changes


def in_base64(plain: dict[str, Any]) -> dict[str, Any]:
    """The same event with its body in Base64, as API Gateway sends binary content."""
    return {**plain, "body": base64.b64encode(plain["body"].encode()).decode(), "isBase64Encoded": True}


def body_of(answer: Mapping[str, Any]) -> Any:
    """The JSON in a response, which must not be Base64."""
    assert not answer["isBase64Encoded"]
    return json.loads(answer["body"])
