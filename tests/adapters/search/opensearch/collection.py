"""A stand-in for a collection of OpenSearch Serverless: a real server behind the refusals of a generation.

Only what an index is made and filled with is looked at. Everything else is the server's own behaviour.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event
from typing import Any

from services.adapters.search.opensearch.target import Kind
from tests.adapters.search.opensearch.kit import JSON, refusal
from tests.servers.http_server import Answer, Request
from tests.servers.proxy import Proxy

UNSUPPORTED = ("engine", "mode")
NO_IDS = "Document ID is not supported in create/index operation request"


@dataclass
class Collection(Proxy):
    """Listens on a port of its own, without signatures."""

    kind: Kind = "nextgen"

    def _forward(self, request: Request, changed: Event) -> Answer | None:
        return self._refused(request) or super()._forward(request, changed)

    def _refused(self, request: Request) -> Answer | None:
        makes_index = request.method == "PUT" and request.path.count("/") == 1
        if self.kind == "nextgen" and makes_index:
            for name in parameters(json.loads(request.body)["mappings"]["properties"]):
                if name in UNSUPPORTED:
                    reason = f"Field parameter '{name}' is not supported"
                    return answer(400, refusal(400, "illegal_argument_exception", reason))
        if self.kind == "classic" and request.path.endswith("/_bulk"):
            actions = [json.loads(line)["index"] for line in request.body.splitlines()[::2]]
            if any("_id" in action for action in actions):
                item = {"index": refusal(400, "illegal_argument_exception", NO_IDS)}
                return answer(200, {"errors": True, "items": [item] * len(actions)})
        return None


def parameters(fields: dict[str, Any]) -> Iterator[str]:
    """The names of everything that is said of vectors."""
    for each in fields.values():
        if each["type"] == "knn_vector":
            yield from (*each, *each.get("method", {}))


def answer(status: int, document: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(document).encode(), [("Content-Type", JSON)])
