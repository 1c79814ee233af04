"""A fake OpenSearch with scripted answers, over real HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.servers.http_server import Answer, HttpServer, Request

JSON = "application/json"


def nothing() -> None:
    """Do nothing before an answer."""


@dataclass(frozen=True)
class Reply:
    """One scripted answer. ``meanwhile`` is called before it is sent; ``silent`` holds it back until the server is
    closed; ``hang_up`` closes the connection instead.
    """

    document: Any = None
    status: int = 200
    meanwhile: Callable[[], object] = nothing
    silent: bool = False
    hang_up: bool = False
    content_type: str = JSON

    @property
    def body(self) -> bytes:
        return self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()


@dataclass
class FakeServer:
    """``script``: the answers in order; the last one is repeated. ``calls``: (method, path, body) of each request."""

    url: str
    script: list[Reply]
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def next(self) -> Reply:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def fake_server(*script: Reply) -> Iterator[FakeServer]:
    def handle(request: Request) -> Answer | None:
        fake.calls.append((request.method, request.path, request.body.decode()))
        fake.headers.append({name.lower(): value for name, value in request.headers.items()})
        reply = fake.next()
        reply.meanwhile()
        if reply.silent:
            over.wait()
        return None if reply.hang_up else Answer(reply.status, reply.body, [("Content-Type", reply.content_type)])

    over = threading.Event()
    server = HttpServer(handle)
    fake = FakeServer(f"http://127.0.0.1:{server.port}", list(script))
    try:
        yield fake
    finally:
        over.set()
        server.close()


def hits(*pairs: tuple[float, int]) -> dict[str, Any]:
    """One response of an ``_msearch`` with these (score, row) pairs, best first."""
    matches = [{"_index": "films", "_score": score, "sort": [score, row]} for score, row in pairs]
    return {"timed_out": False, "_shards": {"total": 1, "failed": 0}, "hits": {"hits": matches}, "status": 200}


def refusal(status: int, kind: str, reason: str = "") -> dict[str, Any]:
    cause = {"type": kind, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": status}
