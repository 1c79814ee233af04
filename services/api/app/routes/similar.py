"""Similar-films route: the same for everyone, so responses are cacheable."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.context import context_of
from services.api.app.edge import EdgeRoute, cacheable, edge_of, to_json
from services.api.app.openapi import NOT_MODIFIED
from services.api.app.openapi_errors import OF_READING, of_field, problems
from services.api.app.schemas.fields import LIMITS, ImdbId, ItemId
from services.api.app.schemas.responses import SimilarAnswer
from services.recommender.errors import InvalidRequest

router = APIRouter(route_class=EdgeRoute, tags=["films"])


class SimilarQuery(BaseModel):
    """Query parameters: the film, and the number of similar films."""

    model_config = ConfigDict(extra="forbid")

    item_id: ItemId | None = Field(
        None, description="The film by catalogue id. Give exactly one of `item_id`, `tmdb_id` and `imdb_id`.",
        examples=["6"],
    )  # fmt: skip
    tmdb_id: int | None = Field(
        None, ge=LIMITS["tmdb_id"][0], le=LIMITS["tmdb_id"][1], description="The film by TMDB id.", examples=[949]
    )
    imdb_id: ImdbId | None = Field(None, description="The film by IMDb id.", examples=["tt0113277"])
    k: int = Field(20, ge=LIMITS["k"][0], le=LIMITS["k"][1], description="Number of films to return.", examples=[10])


@router.get(
    "/similar",
    operation_id="similar",
    summary="Find similar films",
    response_model=SimilarAnswer,
    responses=NOT_MODIFIED
    | problems(
        "/similar",
        404,
        *OF_READING,
        own={"invalid-request": of_field('k must be between 1 and 100; got "101"', "/k", "query")},
    ),
)
async def similar(request: Request, query: Annotated[SimilarQuery, Query()]) -> Response:
    """Find films similar to a film. Give exactly one of ``item_id``, ``tmdb_id`` and ``imdb_id``."""
    if sum(each is not None for each in (query.item_id, query.tmdb_id, query.imdb_id)) != 1:
        raise InvalidRequest("give exactly one of item_id, tmdb_id and imdb_id", "/item_id")
    edge = edge_of(request)
    result = await edge.compute(edge.recommender.similar, query.item_id or query.imdb_id, query.tmdb_id, query.k)
    context = context_of(request.scope)
    context.stages = result.stages
    if result.document["degraded"]:
        # Not cacheable: a better response may be available soon.
        context.facts["degraded"] = result.document["degraded"]
        return to_json(result.document)
    return cacheable(request, result.document)
