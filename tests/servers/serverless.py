"""A strict stand-in for a collection of OpenSearch Serverless: a real server behind the refusals of a generation.

::

    with Serverless(opensearch_url, kind="classic") as collection: ...
    Serverless(opensearch_url, kind="nextgen", first=[403, 403, 503, "drop"])  # late access, then a slow wake-up
    Serverless(opensearch_url, kind="nextgen", keeps_meta=False)  # a mapping's ``_meta`` is lost

All that is not known to be supported is refused. Further differences are added to ``tests/servers/rules.py``.
Requests need no signature.
"""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Literal

from tests.servers.http_server import Answer, Request
from tests.servers.proxy import Proxy
from tests.servers.rules import Generation, Refusal, refusal_of

# A status, no answer and a closed connection, or silence until the stand-in is closed or its mode changes.
Trouble = int | Literal["drop", "silent"]
_SAID = {
    403: "User does not have permissions for the requested resource",
    429: "Too many requests",
    502: "Bad gateway",
    503: "The collection is not ready",
    504: "Gateway timeout",
}


@dataclass
class Serverless(Proxy):
    """Listens on its own port. ``first``: the failures of the first requests, in order.

    ``lost``: like ``first``, but the request takes effect; only the response is lost.
    """

    kind: Generation = "nextgen"
    first: Iterable[Trouble] = ()
    lost: Iterable[Trouble] = ()
    keeps_meta: bool = True
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._troubles, self._losses = iter(tuple(self.first)), iter(tuple(self.lost))
        self._turn = threading.Lock()
        super().__post_init__()

    def _forward(self, request: Request, changed: Event) -> Answer | None:
        with self._turn:
            trouble, loss = next(self._troubles, None), None
            if trouble is None and request.method in {"PUT", "POST"}:
                loss = next(self._losses, None)
        if trouble is not None:
            return _failed(trouble, changed)
        refusal = refusal_of(self.kind, request)
        if refusal is not None:
            self.refused.append(f"{request.method} {request.path}: {refusal.reason}")
            return _answer(refusal, request)
        answer = super()._forward(request if self.keeps_meta else _without_meta(request), changed)
        return answer if loss is None else _failed(loss, changed)


def _failed(trouble: Trouble, changed: Event) -> Answer | None:
    if isinstance(trouble, int):
        reason = _SAID.get(trouble, "Failed")
        return _json(trouble, {"error": {"type": "stand_in", "reason": reason}, "status": trouble})
    if trouble == "silent":
        changed.wait()
    return None


def _answer(refusal: Refusal, request: Request) -> Answer:
    cause = {"type": refusal.type, "reason": refusal.reason}
    if refusal.items:
        item = {"index": {"status": refusal.status, "error": cause}}
        return _json(200, {"errors": True, "items": [item] * refusal.items})
    body = {"error": {"root_cause": [cause], **cause}, "status": refusal.status}
    return _json(refusal.status, body if request.method != "HEAD" else {})


def _without_meta(request: Request) -> Request:
    """The request without ``_meta``, for a new index or a mapping."""
    if request.method != "PUT" or not request.body:
        return request
    document = json.loads(request.body)
    for mapping in (document, document.get("mappings", {})):
        mapping.pop("_meta", None)
    return Request(request.method, request.path, request.headers, json.dumps(document).encode())


def _json(status: int, document: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(document).encode(), [("Content-Type", "application/json")])
