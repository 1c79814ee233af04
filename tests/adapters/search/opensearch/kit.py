"""A stand-in for OpenSearch that says what a test wants it to say, over real HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.servers.http_server import Answer, HttpServer, Request

JSON = "application/json"


def nothing() -> None:
    """Done before an answer, as a rule."""


@dataclass(frozen=True)
class Said:
    """One answer; ``meanwhile``: what happens before it is given; ``silent``: none, until the stand-in is closed;
    ``hang_up``: the connection is closed instead.
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
class StandIn:
    """``script``: the answers, in order; the last one is given again and again. ``asked``: (method, path, body)."""

    url: str
    script: list[Said]
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def next(self) -> Said:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def stand_in(*script: Said) -> Iterator[StandIn]:
    def handle(request: Request) -> Answer | None:
        found.asked.append((request.method, request.path, request.body.decode()))
        found.headers.append({name.lower(): value for name, value in request.headers.items()})
        said = found.next()
        said.meanwhile()
        if said.silent:
            over.wait()
        return None if said.hang_up else Answer(said.status, said.body, [("Content-Type", said.content_type)])

    over = threading.Event()
    server = HttpServer(handle)
    found = StandIn(f"http://127.0.0.1:{server.port}", list(script))
    try:
        yield found
    finally:
        over.set()
        server.close()


def hits(*pairs: tuple[float, int]) -> dict[str, Any]:
    """One answer of an ``_msearch``: (score, row) each, best first."""
    found = [{"_index": "films", "_score": score, "sort": [score, row]} for score, row in pairs]
    return {"timed_out": False, "_shards": {"total": 1, "failed": 0}, "hits": {"hits": found}, "status": 200}


def refusal(status: int, kind: str, reason: str = "") -> dict[str, Any]:
    cause = {"type": kind, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": status}
