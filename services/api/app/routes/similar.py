"""Films like one film: the same for everybody, so caches may keep it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.answers import SimilarAnswer
from services.api.app.body import EdgeRoute
from services.api.app.context import context_of
from services.api.app.edge import cacheable, edge_of, to_json
from services.api.app.fields import LIMITS, ImdbId, ItemId
from services.api.app.openapi import NOT_MODIFIED
from services.api.app.openapi_errors import OF_READING, problems
from services.recommender.errors import InvalidRequest

router = APIRouter(route_class=EdgeRoute, tags=["films"])


class SimilarQuery(BaseModel):
    """Which film, and how many like it."""

    model_config = ConfigDict(extra="forbid")

    item_id: ItemId | None = Field(
        None, description="The film by the catalogue's own id. Give `item_id`, `tmdb_id` or `imdb_id`, one of them.",
        examples=["6"],
    )  # fmt: skip
    tmdb_id: int | None = Field(
        None, ge=LIMITS["tmdb_id"][0], le=LIMITS["tmdb_id"][1], description="The film by TMDB id.", examples=[949]
    )
    imdb_id: ImdbId | None = Field(None, description="The film by IMDb id.", examples=["tt0113277"])
    k: int = Field(20, ge=LIMITS["k"][0], le=LIMITS["k"][1], description="How many films to return.", examples=[10])


@router.get(
    "/similar",
    operation_id="similar",
    summary="Find films like one film",
    response_model=SimilarAnswer,
    responses=NOT_MODIFIED | problems(404, *OF_READING),
)
async def similar(request: Request, query: Annotated[SimilarQuery, Query()]) -> Response:
    """Films like this one. Give ``item_id``, ``tmdb_id`` or ``imdb_id``, one of them."""
    if sum(each is not None for each in (query.item_id, query.tmdb_id, query.imdb_id)) != 1:
        raise InvalidRequest("give item_id, tmdb_id or imdb_id, one of them", "/item_id")
    edge = edge_of(request)
    found = await edge.runner.answer(edge.recommender.similar, query.item_id or query.imdb_id, query.tmdb_id, query.k)
    context = context_of(request.scope)
    context.stages = found.stages
    if found.document["degraded"]:
        # Nobody shall keep what will be better in a moment.
        context.facts["degraded"] = found.document["degraded"]
        return to_json(found.document)
    return cacheable(request, found.document)
