"""Liveness, readiness and version routes."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.edge import EdgeRoute, edge_of, to_json
from services.api.app.openapi_errors import (
    NEVER_OPEN,
    NOT_READY,
    OF_OPEN,
    OF_READING,
    OVERLOADED,
    ErrorExample,
    of_field,
    problems,
)
from services.api.app.schemas.problem import Problem
from services.api.app.schemas.responses import HealthAnswer, VersionAnswer

router = APIRouter(route_class=EdgeRoute, tags=["operations"])
_Deep = Annotated[
    bool, Query(description="Also check the search engine; requires a key if keys are on.", examples=[True])
]
_Strict = Annotated[bool, Query(description="Return 503 also for parts that a fallback replaces.", examples=[True])]
_OK = "ok"
_DEGRADED = "degraded"
# State of a part in an example.
_STATE = "state.db cannot grow: the disk is full; free some space (SQLite: database or disk is full)"


@router.get(
    "/health/live",
    operation_id="get_liveness",
    summary="Is the process alive?",
    response_model=HealthAnswer,
    responses=problems("/health/live", 405, 421, 500),
)
async def live() -> Response:
    """Report that the process is alive; checks nothing else."""
    return to_json({"status": _OK})


@router.get(
    "/health/ready",
    operation_id="get_readiness",
    summary="Can requests be served?",
    response_model=HealthAnswer,
    responses=problems(
        "/health/ready",
        *OF_READING,
        kinds=("not-ready",),
        without=("bundle-missing",),
        own={
            "invalid-request": of_field('deep must be true or false; got "maybe"', "/deep", "query"),
            "not-ready": ErrorExample(
                f"state: {_STATE}", ({"pointer": "/state", "detail": _STATE, "location": "parts"},)
            ),
        },
    ),
)
async def ready(request: Request, deep: _Deep = False, strict: _Strict = False) -> Response:
    """Report whether requests can be served; ``deep`` also checks search and requires a key if keys are on. 503 names
    the failed parts. A search engine that is down does not count as long as the embedded index replaces it: the status
    is then "degraded", or 503 with ``strict``, for deployment checks.
    """
    edge = edge_of(request)
    parts = await edge.blocking(edge.recommender.ready, deep, edge.deadline())
    failures = {
        name: state for name, state in parts.items() if state != _OK and (strict or not state.startswith(_DEGRADED))
    }
    if not failures:
        status = _OK if all(state == _OK for state in parts.values()) else _DEGRADED
        return to_json({"status": status, "parts": parts})
    faults = [{"pointer": f"/{name}", "detail": state, "location": "parts"} for name, state in failures.items()]
    detail = "; ".join(f"{name}: {state}" for name, state in failures.items())
    headers = {"Retry-After": "5"}
    problem = Problem(NOT_READY.status, NOT_READY.slug, NOT_READY.title, detail, faults, headers)
    return problem.response(request.scope)


@router.get(
    "/version",
    operation_id="get_version",
    summary="What is being served?",
    response_model=VersionAnswer,
    responses=problems("/version", *OF_OPEN, without=NEVER_OPEN, own=OVERLOADED),
)
async def version(request: Request) -> Response:
    """Return the versions being served: bundle, model, index."""
    edge = edge_of(request)
    return to_json(await edge.compute(edge.recommender.versions))
