"""A person's right to see and to be forgotten. Both need a key with the scope ``admin`` where keys are on."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.body import EdgeRoute
from services.api.app.context import context_of
from services.api.app.edge import edge_of, to_json
from services.api.app.openapi import OF_READING, UserPath, problems
from services.api.app.problem import Problem

router = APIRouter(route_class=EdgeRoute, tags=["people"])
_PROBLEMS: dict[int | str, dict[str, Any]] = problems(403, 404, *OF_READING)


@router.get("/users/{user_id}/export", response_model=dict[str, Any], responses=_PROBLEMS)
async def export(request: Request, user_id: UserPath) -> Response:
    """All that is stored of a person, the derived taste included."""
    edge = edge_of(request)
    context_of(request.scope).person = user_id
    stored = await edge.runner.blocking(edge.recommender.export, user_id)
    return _nobody(request) if stored is None else to_json(stored)


@router.delete("/users/{user_id}", status_code=204, response_class=Response, responses=_PROBLEMS)
async def erase(request: Request, user_id: UserPath) -> Response:
    """Delete profile, events and cached answers of a person."""
    edge = edge_of(request)
    context_of(request.scope).person = user_id
    erased = await edge.runner.blocking(edge.recommender.erase, user_id)
    return Response(status_code=204) if erased else _nobody(request)


def _nobody(request: Request) -> Response:
    detail = "Nothing is stored of this person."
    return Problem(404, "unknown-person", "The person is not known", detail).response(request.scope)
