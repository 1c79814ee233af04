"""The parts of the OpenAPI document that routes share: problems, the key, the path parameters."""

from typing import Annotated, Any

from fastapi import FastAPI, Path
from fastapi.openapi.utils import get_openapi
from pydantic import BeforeValidator

from services.api.app.errors import KINDS
from services.api.app.fields import ItemId, UserId
from services.api.app.gate import PUBLIC
from services.api.app.middleware import SLASH
from services.api.app.problem import MEDIA_TYPE, ProblemDocument

_TITLES = {
    400: "The body can't be read",
    405: "The method is not allowed here",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "The request is not valid",
} | {kind.status: kind.title for kind in KINDS.values() if kind.status != 422}
_SCHEMA = {"schema": {"$ref": "#/components/schemas/Problem"}}

OF_READING = (401, 405, 422, 429, 500, 503)
OF_BODY = (400, 401, 405, 413, 415, 422, 429, 500, 503)

# Slashes inside an id come as %2F; see the middleware EncodedSlashes.
_decoded = BeforeValidator(lambda value: value.replace(SLASH, "/") if isinstance(value, str) else value)
ItemPath = Annotated[
    ItemId,
    _decoded,
    Path(description="a film's id; or tmdb:949, or tt0113277", examples=["6", "tmdb:949", "tt0113277"]),
]
UserPath = Annotated[UserId, _decoded, Path(description="a person's id")]

IDEMPOTENCY_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Kept 24 h: the same answer again for the same body, with Idempotency-Replayed: true.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that may answer these errors."""
    return {
        status: {"description": _TITLES.get(status, "Not found"), "content": {MEDIA_TYPE: _SCHEMA}}
        for status in statuses
    }


def install_openapi(app: FastAPI, *, auth_required: bool) -> None:
    """Serve one document, made once, with the Problem schema and, where keys are on, their security scheme."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, auth_required)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI, auth_required: bool) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        license_info=app.license_info,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    if auth_required:
        scheme = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        components["securitySchemes"] = {"ApiKey": scheme}
        for path, operations in document["paths"].items():
            for operation in operations.values() if path not in PUBLIC else ():
                operation["security"] = [{"ApiKey": []}]
    return document
