"""What every route may use: the services, the runner, and the few answers they share."""

import hashlib
from dataclasses import dataclass
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from services.api.app.port import RecommenderPort
from services.api.app.runner import Runner
from services.api.app.services import AppServices
from services.recommender.answers import dump
from services.recommender.ports import Deadline

MAX_AGE_S = 300


@dataclass(frozen=True, slots=True)
class Edge:
    """One a process, at ``app.state.edge``."""

    services: AppServices
    runner: Runner

    @property
    def recommender(self) -> RecommenderPort:
        """The recommender."""
        return self.services.recommender

    def deadline(self) -> Deadline:
        """The one deadline of a request, from now."""
        recommender = self.services.recommender
        return Deadline.within(recommender.clock, recommender.options.deadline_s)

    def close(self) -> None:
        """End the threads, then give back what the services hold."""
        self.runner.close()
        if self.services.close is not None:
            self.services.close()


def edge_of(request: Request) -> Edge:
    """The edge this request came in by."""
    return cast("Edge", request.app.state.edge)


def to_json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:  # noqa: ANN401
    """A JSON answer."""
    return Response(dump(document), status, headers, "application/json")


def cacheable(request: Request, document: Any) -> Response:  # noqa: ANN401 - any JSON value
    """A JSON answer that concerns no person: with an ETag of its bytes, and 304 for a caller that has them.
    Shared caches may keep it only while no key is needed to see it.
    """
    return cacheable_bytes(request, dump(document), "application/json", MAX_AGE_S)


def cacheable_bytes(request: Request, content: bytes, media_type: str, max_age: int) -> Response:
    """The same for bytes of any type."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    keyed = edge_of(request).services.auth_required
    headers = {"ETag": tag, "Cache-Control": f"{'private' if keyed else 'public'}, max-age={max_age}"}
    if keyed:
        headers["Vary"] = "X-API-Key"
    if _matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, 200, headers, media_type)


def _matches(sent: str, tag: str) -> bool:
    return any(candidate.strip().removeprefix("W/") in (tag, "*") for candidate in sent.split(","))
