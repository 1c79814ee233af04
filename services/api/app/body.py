"""JSON bodies, parsed once into a validated model, with a problem for every kind of error."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_MALFORMED = "json_invalid"


class EdgeRoute(APIRoute):
    """Route whose ``body`` parameter is read by :func:`read_body`. OpenAPI still comes from the signature.

    It bypasses FastAPI's body parsing, which parses twice and accepts NaN as a number and any content type as JSON. An
    endpoint with a body is ``async def endpoint(request, body) -> Response`` and has no other parameters.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of this route."""
        model = get_type_hints(self.endpoint).get("body")
        if model is None:
            return super().get_route_handler()
        endpoint, validator = self.endpoint, model.__pydantic_validator__

        async def handle(request: Request) -> Response:
            response: Response = await endpoint(request, await read_body(request, validator))
            return response

        return handle


async def read_body(request: Request, validator: SchemaValidator) -> BaseModel:
    """Return the validated body; an absent one counts as ``{}``.

    Raises HTTPException 400 (malformed) or 415 (not JSON), RequestValidationError (invalid field).
    """
    content = await request.body()
    if content and not _is_json(request.headers.get("content-type", "")):
        raise HTTPException(415, "Send the body as JSON, with the header Content-Type: application/json.")
    try:
        model: BaseModel = validator.validate_json(content or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False)
        if first[0]["type"] != _MALFORMED:
            raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in first]) from None
        _refuse_malformed(content, str(first[0].get("ctx", {}).get("error", "")))
    return model


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _refuse_malformed(content: bytes, why: str) -> None:
    """Raise the error for a body that the strict parser rejects: 422 for well-formed JSON with a lone surrogate, 400
    for anything else.
    """
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HTTPException(400, f"The body is not valid UTF-8 at byte {error.start}.") from None
    path = _path_of_surrogate(content) if "surrogate" in why or "escape" in why else None
    if path is None:
        raise HTTPException(400, f"The body is not valid JSON: {why}.")
    raise RequestValidationError([{"type": "string_unicode", "loc": ("body", *path), "msg": ""}])


def _path_of_surrogate(content: bytes) -> tuple[int | str, ...] | None:
    """Return the path of the first string with a lone surrogate; None if the JSON is otherwise broken."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    waiting: list[tuple[tuple[int | str, ...], Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*path, key), child) for key, child in value.items()]
            waiting += [((*path, "(a name)"), key) for key in value]
        elif isinstance(value, list):
            waiting += [((*path, index), child) for index, child in enumerate(value)]
        elif isinstance(value, str) and _has_surrogate(value):
            return tuple("(a name)" if isinstance(part, str) and _has_surrogate(part) else part for part in path)
    return None


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
