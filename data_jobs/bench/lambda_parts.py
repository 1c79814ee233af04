"""What the Lambda loop is measured with: the function's folder, a hello to compare with, events, and quiet stores."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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
    """``task``: the function's folder as the image has it; ``layers``: what it was put together from, each a folder;
    ``tools``: emulator and runtime client.
    """

    task: Path
    layers: Path
    tools: Path

    def sizes_mb(self) -> dict[str, float]:
        """10^6 bytes by layer; ``deployed`` is what the bar is for: without encoder and bundle."""
        sizes = {name: _megabytes(self.layers / name) for name in ("packages", "encoder", "code")}
        return {**sizes, "deployed": round(sizes["packages"] + sizes["code"], 1)}


def lay_tree(folder: Path) -> Tree:
    """Lay the image's tree out for this machine and Python. Raises Unavailable outside a checkout of the project, or
    where packages or emulator can't be installed.
    """
    if not (ROOT / "infra/image").is_dir():
        raise Unavailable("the image is laid out by infra/image, which only a checkout of the project has")
    task = _image("task", str(folder))
    return Tree(Path(task), folder, Path(_image("emulator")))


def write_hello(folder: Path) -> Path:
    """A folder with the smallest FastAPI application behind Mangum."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hello.py").write_text(_HELLO, encoding="utf-8")
    return folder


def event_of(raw: bytes) -> dict[str, Any]:
    """API Gateway's event (payload 2.0) for a request as it is sent over HTTP."""
    head, _, body = raw.partition(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
    path, _, query = target.partition("?")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json", "host": "bench"},
        "requestContext": {
            "stage": "$default",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
        },
        "body": body.decode() or None,
        "isBase64Encoded": False,
    }


@contextmanager
def quiet_stores() -> Iterator[dict[str, str]]:
    """Settings of an OpenSearch and a DynamoDB that know nothing and answer at once, so that what is timed is our
    clients: their import, their making and one round trip each.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Quiet)
    thread = threading.Thread(target=server.serve_forever, name="marquee-bench-stores", daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield {
            "OPENSEARCH_ENDPOINT": address,
            "DDB_ENDPOINT": address,
            "DDB_USERS_TABLE": "bench-users",
            "DDB_EVENTS_TABLE": "bench-events",
            "DDB_CACHE_TABLE": "bench-rec-cache",
            "AWS_REGION": "eu-central-1",
            "METRICS": "emf",
        }
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(BaseHTTPRequestHandler):
    """No item of any table, no index of any name."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if "x-amz-target" in self.headers:
            self._answer(200, {"Responses": {}, "UnprocessedKeys": {}})
        else:
            self._answer(404, {"error": {"type": "index_not_found_exception"}, "status": 404})

    do_GET = do_POST  # noqa: N815 - the base class names it

    def _answer(self, status: int, document: object) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


def _image(*arguments: str) -> str:
    """The last line of what a step of ``python -m infra.image`` prints."""
    command = [sys.executable, "-m", "infra.image", *arguments]
    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LONGEST_S, check=False
    )
    if done.returncode:
        raise Unavailable(f"the Lambda image can't be laid out: {done.stderr.strip()[-500:]}")
    return done.stdout.strip().splitlines()[-1]


def _megabytes(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)
