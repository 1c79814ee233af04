"""Services and response helpers shared by all routes."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from services.api.app.port import RecommenderPort
from services.api.app.runner import Runner
from services.api.app.services import AppServices
from services.recommender.documents import dump
from services.recommender.ports import Deadline

MAX_AGE_S = 300


@dataclass(frozen=True)
class Representation:
    """Content that many responses share; it is hashed once."""

    content: bytes
    media_type: str = "application/json"

    @cached_property
    def tag(self) -> str:
        """Its ETag."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


@dataclass(slots=True)
class Edge:
    """Per-process services, at ``app.state.edge``."""

    services: AppServices
    runner: Runner
    _catalogue: tuple[dict[str, Any], Representation] | None = None

    @property
    def recommender(self) -> RecommenderPort:
        """Recommender of this process."""
        return self.services.recommender

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
        self.runner.close()
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
    """Return such a response with a representation of any type."""
    keyed = edge_of(request).services.auth_required
    headers = {"ETag": representation.tag, "Cache-Control": f"{'private' if keyed else 'public'}, max-age={max_age}"}
    if keyed:
        headers["Vary"] = "X-API-Key"
    if _matches(request.headers.get("if-none-match", ""), representation.tag):
        return Response(status_code=304, headers=headers)
    return Response(representation.content, 200, headers, representation.media_type)


def _matches(sent: str, tag: str) -> bool:
    return any(candidate.strip().removeprefix("W/") in (tag, "*") for candidate in sent.split(","))
