"""Parts for the Lambda loop: the function's folder, a hello application to compare with, and events."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_jobs.bench.fake_aws import CREDENTIALS
from services.recommender.errors import Unavailable

ROOT = Path(__file__).resolve().parents[2]
HANDLER = "services.api.app.lambda_handler.handler"
HELLO_HANDLER = "hello.handler"
_HELLO = """
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()


@app.post("/recommend")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


handler = Mangum(app, lifespan="off")
"""
_LONGEST_S = 600.0


@dataclass(frozen=True, slots=True)
class Tree:
    """``task``: the function's folder as in the image; ``layers``: the folders it was assembled from; ``tools``:
    emulator and runtime client.
    """

    task: Path
    layers: Path
    tools: Path

    def sizes_mb(self) -> dict[str, float]:
        """Return the size of each layer in units of 10^6 bytes; ``deployed``, which the target is for, excludes encoder
        and bundle.
        """
        sizes = {name: _megabytes(self.layers / name) for name in ("packages", "encoder", "code")}
        return {**sizes, "deployed": round(sizes["packages"] + sizes["code"], 1)}


def lay_tree(folder: Path) -> Tree:
    """Lay out the image's tree for this machine and Python. Raises Unavailable outside a checkout of the project, or if
    packages or emulator cannot be installed.
    """
    if not (ROOT / "infra/image").is_dir():
        raise Unavailable("infra/image lays out the image; it is only in a checkout of the project")
    task = _image("task", str(folder))
    return Tree(Path(task), folder, Path(_image("emulator")))


def write_hello(folder: Path) -> Path:
    """Return a folder with the smallest FastAPI application behind Mangum."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hello.py").write_text(_HELLO, encoding="utf-8")
    return folder


def event_of(raw: bytes) -> dict[str, Any]:
    """Return API Gateway's event (payload 2.0) for a raw HTTP request."""
    head, _, body = raw.partition(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
    path, _, query = target.partition("?")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json", "host": "localhost", **CREDENTIALS},
        "requestContext": {
            "stage": "$default",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
        },
        "body": body.decode() or None,
        "isBase64Encoded": False,
    }


def _image(*arguments: str) -> str:
    """Return the last line printed by a step of ``python -m infra.image``."""
    command = [sys.executable, "-m", "infra.image", *arguments]
    result = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LONGEST_S, check=False
    )
    if result.returncode:
        raise Unavailable(f"the Lambda image cannot be laid out: {result.stderr.strip()[-500:]}")
    return result.stdout.strip().splitlines()[-1]


def _megabytes(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)
