"""Recommendation routes: for a person, for some films, for a free-text query."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Body
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.context import context_of
from services.api.app.edge import EdgeRoute, edge_of, to_json
from services.api.app.openapi_errors import OF_BODY, of_field, problems
from services.api.app.schemas.models import FromFilmsBody, RecommendBody
from services.api.app.schemas.responses import FromFilmsAnswer, RecommendAnswer
from services.recommender.errors import InvalidRequest

router = APIRouter(route_class=EdgeRoute, tags=["recommend"])
_NONE_KNOWN = "none of the 1 given films is in the catalogue; look ids up with GET /films?q="


@router.post(
    "/recommend",
    operation_id="recommend",
    summary="Recommend films",
    response_model=RecommendAnswer,
    responses=problems(
        "/recommend",
        *OF_BODY,
        kinds=("all-seeds-unknown", "bad-cursor", "preset-unavailable"),
        own={
            "invalid-request": of_field("k must be between 1 and 100; got 101", "/k", "body"),
            "all-seeds-unknown": of_field(_NONE_KNOWN, "/liked"),
        },
    ),
    openapi_extra={
        "requestBody": {
            "description": "Whom to recommend films to, or what they should be like. Without a body: popular films."
        }
    },
)
async def recommend(request: Request, body: Annotated[RecommendBody, Body()] = RecommendBody()) -> Response:  # noqa: B008
    """Recommend films for a person, for liked films or for a query, with reasons."""
    edge, context = edge_of(request), context_of(request.scope)
    context.person = body.user_id
    answer = await edge.compute(edge.recommender.recommend, body.to_request(), edge.deadline())
    context.stages = answer.stages
    context.facts["strategy"] = answer.strategy
    if answer.cacheable:
        # Uncacheable responses would only dilute the hit ratio.
        context.facts["cached"] = answer.cached
    context.facts["explain"] = body.explain
    if answer.sentence_counts:
        context.facts["sentences"] = dict(answer.sentence_counts)
    if answer.counts:
        context.facts["candidates"] = dict(answer.counts)
    if answer.degraded:
        context.facts["degraded"] = list(answer.degraded)
    return Response(answer.render(secrets.token_hex(16)), media_type="application/json")


@router.post(
    "/recommend/from-films",
    operation_id="recommend_from_films",
    summary="Recommend films similar to given films",
    response_model=FromFilmsAnswer,
    responses=problems(
        "/recommend/from-films",
        *OF_BODY,
        kinds=("all-seeds-unknown", "preset-unavailable"),
        own={
            "invalid-request": of_field("top_n must be between 1 and 100; got 101", "/top_n", "body"),
            "all-seeds-unknown": of_field(_NONE_KNOWN, "/tmdb_ids"),
        },
    ),
    openapi_extra={"requestBody": {"description": "The films, and how many similar ones to return."}},
)
async def from_films(request: Request, body: FromFilmsBody) -> Response:
    """Recommend films similar to the given ones, in a short form."""
    item_ids = (*(body.item_ids or ()), *(body.imdb_ids or ()))
    if not item_ids and not body.tmdb_ids:
        raise InvalidRequest("give at least one film in tmdb_ids, imdb_ids or item_ids", "/tmdb_ids")
    edge, context = edge_of(request), context_of(request.scope)
    arguments = (item_ids, body.tmdb_ids or (), body.top_n, body.preset)
    result = await edge.compute(edge.recommender.from_films, *arguments)
    # Only logged: the short form of the response has no fields for these.
    context.stages = result.stages
    context.facts["candidates"] = dict(result.counts)
    if result.degraded:
        context.facts["degraded"] = list(result.degraded)
    return to_json(result.document)
