"""The catalogue: type-ahead, one film, and what there is to filter by."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.answers import CatalogueAnswer, FilmAnswer, FilmsAnswer
from services.api.app.body import EdgeRoute
from services.api.app.edge import cacheable, edge_of
from services.api.app.fields import LIMITS, QueryText
from services.api.app.openapi import NOT_MODIFIED, ItemPath
from services.api.app.openapi_errors import OF_OPEN, OF_READING, problems
from services.recommender.errors import InvalidRequest

router = APIRouter(route_class=EdgeRoute, tags=["films"])


class FilmsQuery(BaseModel):
    """What somebody types to find a film."""

    model_config = ConfigDict(extra="forbid")

    q: QueryText = Field(
        description="A title or its beginning, in any language the catalogue has, with or without its year; a director "
        "or an actor; or an id (tmdb:949, tt0113277). Typing errors are forgiven.",
        examples=["godf", "Cape Fear 1962", "Shichinin no samurai", "kurosawa", "tt0113277"],
    )
    limit: int = Field(
        10, ge=LIMITS["limit"][0], le=LIMITS["limit"][1], description="How many films to return at most.", examples=[5]
    )


@router.get(
    "/films",
    operation_id="search_films",
    summary="Find films by name",
    response_model=FilmsAnswer,
    responses=NOT_MODIFIED | problems(*OF_READING),
)
async def films(request: Request, query: Annotated[FilmsQuery, Query()]) -> Response:
    """Films by name: the exact title first, then what begins so, other titles, people, and titles a typing error away;
    films that answer alike, best known first.
    """
    if not query.q:
        raise InvalidRequest("q must not be blank", "/q")
    edge = edge_of(request)
    return cacheable(request, await edge.runner.answer(edge.recommender.films, query.q, query.limit))


@router.get(
    "/films/{item_id}",
    operation_id="get_film",
    summary="Get one film",
    response_model=FilmAnswer,
    responses=NOT_MODIFIED | problems(404, *OF_READING),
)
async def film(request: Request, item_id: ItemPath) -> Response:
    """Everything known of one film."""
    edge = edge_of(request)
    return cacheable(request, await edge.runner.answer(edge.recommender.film, item_id))


@router.get(
    "/catalogue",
    operation_id="get_catalogue",
    summary="Get what there is to filter by",
    response_model=CatalogueAnswer,
    responses=NOT_MODIFIED | problems(*OF_OPEN),
)
async def catalogue(request: Request) -> Response:
    """Genres, years and languages to filter by; demo people; whether a key is needed."""
    edge = edge_of(request)
    document = await edge.runner.answer(edge.recommender.catalogue)
    services = edge.services
    own = {"demo_users": list(services.demo_users), "auth_required": services.auth_required}
    return cacheable(request, {**document, **own})
