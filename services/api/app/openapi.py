"""OpenAPI document: what FastAPI derives from the routes, plus errors, headers, tags and security."""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any

from fastapi import FastAPI, Path
from fastapi.openapi.utils import get_openapi
from pydantic import BeforeValidator
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.edge import Representation, shared
from services.api.app.middleware import SLASH
from services.api.app.schemas.fields import ItemId, UserId
from services.api.app.security.gate import PUBLIC
from services.recommender.documents import dump

PATH = "/openapi.json"

DESCRIPTION = """What should this person watch next, and why?

**Errors** are problem documents (RFC 9457, `application/problem+json`). Branch on `type` or `status`.

**Retries** are safe for every `GET` and `DELETE`, for `POST /recommend`, and for feedback with an `Idempotency-Key`.
Wait for `Retry-After` seconds after a 429 or 503.

**Pages**: send the same request with `cursor` set to `next_cursor` of the response, until that is null.

**Any request** may carry `X-Request-Id`; the response and the log repeat it. Every `GET` route also serves `HEAD`.
"""
TAGS = [
    {"name": "recommend", "description": "What to watch next."},
    {"name": "feedback", "description": "What people did with films. The next recommendation takes it into account."},
    {"name": "films", "description": "The catalogue and similar films. These responses are cacheable."},
    {"name": "people", "description": "Import a person's history, export everything stored about them, erase it."},
    {"name": "operations", "description": "Liveness, readiness and version."},
]
SERVERS = [{"url": "/", "description": "The server of this document."}]
_KEY_SCHEME = {
    "type": "apiKey",
    "in": "header",
    "name": "X-API-Key",
    "description": "A key made by `marquee keys`. Exporting or erasing a person requires the scope `admin`, everything "
    "else `serve`.",
}

# Slashes inside an id arrive as %2F; see the middleware RequestLine.
_decoded = BeforeValidator(lambda value: value.replace(SLASH, "/") if isinstance(value, str) else value)
ItemPath = Annotated[
    ItemId,
    _decoded,
    Path(description="A film's id, or `tmdb:949` or `tt0113277`.", examples=["6", "tmdb:949", "tt0113277"]),
]
UserPath = Annotated[UserId, _decoded, Path(description="The person's id, as you assigned it.", examples=["u1"])]

IDEMPOTENCY_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A string that identifies this request, such as a UUID. For 24 h the same key and body return "
    "the same response, with `Idempotency-Replayed: true`, and store nothing.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    "example": "7d9f2c1e-0b7a-4a52-9d0e-6a0f3b1c2d4e",
}
_IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "`ETag` of the response you have; 304 if it is still current.",
    "schema": {"type": "string"},
    "example": '"1f0c7b9e2a414d0f8d6c3b1a90e7f254"',
}
# ``responses`` of a route whose response has an ETag.
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The response you have is still current."}}


def _header(description: str, example: str | int) -> dict[str, Any]:
    kind = "integer" if isinstance(example, int) else "string"
    return {"description": description, "schema": {"type": kind}, "example": example}


_HEADERS = {
    "X-Request-Id": _header("Id of the request: yours, or a new one.", "5f0c7b9e2a414d0f8d6c3b1a90e7f254"),
    "Server-Timing": _header("Milliseconds by stage and in total.", "state;dur=0.25, rank;dur=1.50, total;dur=2.10"),
    "X-Marquee-Degraded": _header("Parts that work without their store: `keys`, `quota`.", "quota"),
    "ETag": _header("Identifies this response; send it as `If-None-Match`.", '"1f0c7b9e2a414d0f8d6c3b1a90e7f254"'),
    "Cache-Control": _header("Who may cache the response and for how long.", "public, max-age=300"),
    "Idempotency-Replayed": _header(
        "`true`: the response to an earlier request with this key; nothing was stored.", "true"
    ),
    "RateLimit": _header("Requests left (`r`), and seconds until more are available (`t`).", '"default";r=59;t=60'),
    "RateLimit-Policy": _header("The quota (`q`) per window of `w` seconds.", '"default";q=60;w=60'),
    "Retry-After": _header("Seconds to wait before retrying.", 12),
    "WWW-Authenticate": _header("How to authenticate.", 'ApiKey realm="marquee", header="X-API-Key"'),
    "Allow": _header("The methods of this path.", "GET, HEAD"),
}
# FastAPI's description of every successful response.
_FRAMEWORK_DESCRIPTION = "Successful Response"
_ALWAYS = ("X-Request-Id", "Server-Timing", "X-Marquee-Degraded")
_OF_STATUS = {
    "401": ("WWW-Authenticate",),
    "405": ("Allow",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}


def install_openapi(app: FastAPI, *, auth_required: bool, served: bool) -> None:
    """Describe the application by one document, built once; if keys are on, with their security scheme. ``served``:
    also at ``/openapi.json``.
    """

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, auth_required)
        return app.openapi_schema

    # Not FastAPI's own route, which encodes the document for each request.
    representation = cache(lambda: Representation(dump(document())))

    async def described(request: Request) -> Response:
        return shared(request, representation(), 0)

    app.openapi = document  # type: ignore[method-assign]
    if served:
        app.add_route(PATH, described, methods=["GET"], include_in_schema=False)


def _document(app: FastAPI, auth_required: bool) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=TAGS,
        servers=SERVERS,
        license_info=app.license_info,
    )
    components = document["components"]
    if auth_required:
        components["securitySchemes"] = {"ApiKey": _KEY_SCHEME}
    used: set[str] = set()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            keyed = auth_required and path not in PUBLIC
            if keyed:
                operation["security"] = [{"ApiKey": []}]
            used |= _describe_headers(operation, keyed)
    components["headers"] = {name: header for name, header in _HEADERS.items() if name in used}
    return document


def _describe_headers(operation: dict[str, Any], keyed: bool) -> set[str]:
    """Add the headers of each response, and ``If-None-Match`` if there is an ETag; return the headers' names."""
    responses = operation["responses"]
    if "304" in responses:
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    used: set[str] = set()
    for status, response in responses.items():
        if response["description"] == _FRAMEWORK_DESCRIPTION:
            response["description"] = "Success."
        names = tuple(_headers_of(status, parameters, keyed))
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        used.update(names)
    return used


def _headers_of(status: str, parameters: set[str], keyed: bool) -> Iterator[str]:
    yield from _ALWAYS
    yield from _OF_STATUS.get(status, ())
    if status in ("200", "304") and "If-None-Match" in parameters:
        yield from ("ETag", "Cache-Control")
    if status in ("200", "202") and "Idempotency-Key" in parameters:
        yield "Idempotency-Replayed"
    if keyed and status not in ("401", "403"):
        yield from ("RateLimit", "RateLimit-Policy")
