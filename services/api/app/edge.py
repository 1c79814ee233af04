"""What all routes share: the services of the process, and how bodies are read, calls run and responses made."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ParamSpec, TypeVar, cast, get_type_hints

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.port import RecommenderPort
from services.api.app.services import AppServices
from services.recommender.documents import dump
from services.recommender.errors import Overloaded
from services.recommender.ports import Deadline, SecretPort

MAX_AGE_S = 300
MAX_WAITING = 128
_MALFORMED = "json_invalid"
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Representation:
    """Content that many responses share; it is hashed once."""

    content: bytes
    media_type: str = "application/json"

    @cached_property
    def tag(self) -> str:
        """Its ETag."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


class ThreadQueue:
    """``workers`` threads and a short queue; when it is full, callers are rejected instead of waiting."""

    def __init__(self, name: str, workers: int) -> None:
        self._name = name
        self._workers = workers
        self._threads: ThreadPoolExecutor | None = None
        self._busy = 0

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the call in a thread and return its result. Raises Overloaded when the queue is full."""
        if self._busy >= self._workers + MAX_WAITING:
            raise Overloaded(f"too many requests are waiting for {self._name}; try again in a second")
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._workers)
        # Keep the request's context, in which spans are recorded.
        future = self._threads.submit(partial(copy_context().run, partial(call, *args, **kwargs)))
        # Freed when the thread finishes, not when the client disconnects: a cancelled request still holds its thread.
        loop = asyncio.get_running_loop()
        self._busy += 1
        future.add_done_callback(lambda _: self._free(loop))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait for running calls and stop the threads; the next call starts new ones."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)

    def _free(self, loop: asyncio.AbstractEventLoop) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        self._busy -= 1


class Edge:
    """Per-process services, at ``app.state.edge``, and the threads that their calls run in."""

    def __init__(self, services: AppServices) -> None:
        self.services = services
        self._answers = None if services.inline else ThreadQueue("answers", services.workers)
        self._blocking = ThreadQueue("the store", services.workers)
        self._catalogue: tuple[dict[str, Any], Representation] | None = None

    @property
    def recommender(self) -> RecommenderPort:
        """Recommender of this process."""
        return self.services.recommender

    async def compute(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a recommender call: in the event loop if the services are ``inline``."""
        if self._answers is None:
            return call(*args, **kwargs)
        return await self._answers.run(call, *args, **kwargs)

    async def blocking(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call that may wait for I/O or locks."""
        return await self._blocking.run(call, *args, **kwargs)

    async def secret(self, source: SecretPort) -> tuple[str, ...]:
        """Return a secret's values; read them in a thread unless cached. Raises SecretUnavailable."""
        return source() if source.is_cached else await self.blocking(source)

    def deadline(self) -> Deadline:
        """Return a new request deadline, starting now."""
        recommender = self.services.recommender
        return Deadline.within(recommender.clock, recommender.options.deadline_s)

    def catalogue(self, facts: dict[str, Any]) -> Representation:
        """Return a release's catalogue facts with those of the settings; rendered once for the same object."""
        last = self._catalogue
        if last is None or last[0] is not facts:
            own = {"demo_users": list(self.services.demo_users), "auth_required": self.services.auth_required}
            last = self._catalogue = facts, Representation(dump({**facts, **own}))
        return last[1]

    def close(self) -> None:
        """Shut down the threads, then close the services."""
        for queue in (self._answers, self._blocking):
            if queue is not None:
                queue.close()
        if self.services.close is not None:
            self.services.close()


def edge_of(request: Request) -> Edge:
    """Return the edge of the application serving this request."""
    return cast("Edge", request.app.state.edge)


def to_json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:  # noqa: ANN401
    """Return a JSON response."""
    return Response(dump(document), status, headers, "application/json")


def cacheable(request: Request, document: Any) -> Response:  # noqa: ANN401 - any JSON value
    """Return a JSON response that concerns no person, with an ETag, or 304 if the client has it. Shared caches may keep
    it only if no key is required.
    """
    return shared(request, Representation(dump(document)), MAX_AGE_S)


def shared(request: Request, representation: Representation, max_age: int) -> Response:
    """Return a representation of any type as :func:`cacheable` does. ``max_age`` in seconds."""
    keyed = edge_of(request).services.auth_required
    headers = {"ETag": representation.tag, "Cache-Control": f"{'private' if keyed else 'public'}, max-age={max_age}"}
    if keyed:
        headers["Vary"] = "X-API-Key"
    if _matches(request.headers.get("if-none-match", ""), representation.tag):
        return Response(status_code=304, headers=headers)
    return Response(representation.content, 200, headers, representation.media_type)


def _matches(if_none_match: str, tag: str) -> bool:
    return any(candidate.strip().removeprefix("W/") in (tag, "*") for candidate in if_none_match.split(","))


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
        errors = error.errors(include_url=False)
        if errors[0]["type"] != _MALFORMED:
            raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in errors]) from None
        _refuse_malformed(content, str(errors[0].get("ctx", {}).get("error", "")))
    return model


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _refuse_malformed(content: bytes, reason: str) -> None:
    """Raise the error for a body that the strict parser rejects: 422 for well-formed JSON with a lone surrogate, 400
    for anything else.
    """
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HTTPException(400, f"The body is not valid UTF-8 at byte {error.start}.") from None
    path = _path_of_surrogate(content) if "surrogate" in reason or "escape" in reason else None
    if path is None:
        raise HTTPException(400, f"The body is not valid JSON: {reason}.")
    raise RequestValidationError([{"type": "string_unicode", "loc": ("body", *path), "msg": ""}])


def _path_of_surrogate(content: bytes) -> tuple[int | str, ...] | None:
    """Return the path of the first string with a lone surrogate; None if the JSON is otherwise broken."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    stack: list[tuple[tuple[int | str, ...], Any]] = [((), document)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack += [((*path, key), child) for key, child in value.items()]
            stack += [((*path, "(a name)"), key) for key in value]
        elif isinstance(value, list):
            stack += [((*path, index), child) for index, child in enumerate(value)]
        elif isinstance(value, str) and _has_surrogate(value):
            return tuple("(a name)" if isinstance(part, str) and _has_surrogate(part) else part for part in path)
    return None


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
