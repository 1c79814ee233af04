"""What OpenSearch Serverless refuses, by generation. Further differences are added here.

Sources: Amazon OpenSearch Serverless developer guide, "Supported operations", "Working with vector search collections"
and "Limitations"; reports from live collections for ``engine`` and ``mode``, ids, ``refresh`` and ``GET /``.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.servers.http_server import Request

Generation = Literal["nextgen", "classic"]

_INDEX = r"/[a-z0-9*,][^/]*"
# No other operation exists: ping, info, _cluster, _nodes, _stats, _refresh, _flush, _delete_by_query, scrolls, ...
_OPERATIONS = tuple(
    (methods.split(), re.compile(path))
    for methods, path in (
        ("GET HEAD PUT DELETE", _INDEX),
        ("GET PUT", rf"{_INDEX}/_(mapping|settings)"),
        ("GET POST", rf"{_INDEX}/_(search|msearch|count|mget|field_caps|rank_eval|analyze|validate/query)"),
        ("POST PUT", rf"({_INDEX})?/_bulk"),
        ("POST", rf"{_INDEX}/_doc"),
        ("GET DELETE", rf"{_INDEX}/_doc/[^/]+"),
        ("GET", rf"/_cat/indices({_INDEX})?"),
    )
)
_PARAMETERS = {"refresh": "true refresh policy is not supported", "scroll": "scroll is not supported"}
_SETTINGS = {"knn", "knn.algo_param.ef_search", "analysis"}
_VECTOR = {
    "nextgen": {
        "engine": "Field parameter 'engine' is not supported",
        "mode": "Field parameter 'mode' is not supported",
    },
    "classic": {"compression_level": "Field parameter 'compression_level' is not supported"},
}
_ENGINES = {"classic": {"faiss", "nmslib"}}
_COMPRESSIONS = {"nextgen": {"1x", "2x", "8x", "16x", "32x"}}
NO_IDS = "Document ID is not supported in create/index operation request"


@dataclass(frozen=True)
class Refusal:
    """``items``: it is repeated in each of so many items of a bulk response, whose own status is 200."""

    status: int
    reason: str
    type: str = "illegal_argument_exception"
    items: int = 0


def refusal_of(kind: Generation, request: Request) -> Refusal | None:
    """The refusal of a request; None: this generation accepts it."""
    url = urlsplit(request.path)
    path = unquote(url.path)
    if not any(request.method in methods and pattern.fullmatch(path) for methods, pattern in _OPERATIONS):
        return Refusal(404, f"{request.method} {path} is not supported", "not_found")
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        if name in _PARAMETERS and value != "false":
            return Refusal(400, _PARAMETERS[name])
    if path.endswith("/_bulk"):
        return _bulk(kind, request.body)
    if request.method == "PUT" and path.count("/") == 1:
        return next(_index(kind, json.loads(request.body or b"{}")), None)
    if kind == "classic" and path.endswith(("search", "_count")) and b'"script' in request.body:
        return Refusal(400, "scripts are not supported")
    return None


def _bulk(kind: Generation, body: bytes) -> Refusal | None:
    actions = list(_actions(body))
    if kind == "classic" and any("_id" in fields for name, fields in actions if name != "delete"):
        return Refusal(400, NO_IDS, items=len(actions))
    return None


def _actions(body: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    lines = iter(body.splitlines())
    for line in lines:
        [(name, fields)] = json.loads(line).items()
        yield name, fields
        if name != "delete":
            next(lines, None)


def _index(kind: Generation, document: dict[str, Any]) -> Iterator[Refusal]:
    """The refusals of a new index."""
    for name in document.get("settings", {}).get("index", {}):
        if name not in _SETTINGS:
            yield Refusal(400, f"unknown setting [index.{name}]")
    for field in document.get("mappings", {}).get("properties", {}).values():
        if field["type"] == "knn_vector":
            yield from _vector(kind, field | field.get("method", {}))


def _vector(kind: Generation, field: dict[str, Any]) -> Iterator[Refusal]:
    for name, reason in _VECTOR[kind].items():
        if name in field:
            yield Refusal(400, reason)
    # Without a name Classic uses nmslib, which the server behind would not.
    if kind in _ENGINES and field.get("engine") not in _ENGINES[kind]:
        yield Refusal(400, f"engine {field.get('engine')} is not supported")
    if kind in _COMPRESSIONS and field.get("compression_level") not in _COMPRESSIONS[kind] | {None}:
        yield Refusal(400, f"compression_level {field['compression_level']} is not supported")
