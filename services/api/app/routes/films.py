"""Catalogue routes: type-ahead search, film details, available filters."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.edge import MAX_AGE_S, EdgeRoute, cacheable, edge_of, shared
from services.api.app.openapi import NOT_MODIFIED, ItemPath
from services.api.app.openapi_errors import NEVER_OPEN, OF_OPEN, OF_READING, OVERLOADED, bad_id, of_field, problems
from services.api.app.schemas.fields import LIMITS, QueryText
from services.api.app.schemas.responses import CatalogueAnswer, FilmAnswer, FilmsAnswer
from services.recommender.errors import InvalidRequest

router = APIRouter(route_class=EdgeRoute, tags=["films"])


class FilmsQuery(BaseModel):
    """Query parameters of the film search."""

    model_config = ConfigDict(extra="forbid")

    q: QueryText = Field(
        description="A title or its beginning, in any language of the catalogue, with or without the year; a director "
        "or an actor; or an id (tmdb:949, tt0113277). Tolerates typing errors.",
        examples=["godf", "Cape Fear 1962", "Shichinin no samurai", "kurosawa", "tt0113277"],
    )
    limit: int = Field(
        10, ge=LIMITS["limit"][0], le=LIMITS["limit"][1], description="Maximum number of films to return.", examples=[5]
    )


@router.get(
    "/films",
    operation_id="search_films",
    summary="Find films by name",
    response_model=FilmsAnswer,
    responses=NOT_MODIFIED
    | problems(
        "/films",
        *OF_READING,
        own={"invalid-request": of_field('limit must be between 1 and 50; got "51"', "/limit", "query")},
    ),
)
async def films(request: Request, query: Annotated[FilmsQuery, Query()]) -> Response:
    """Find films by name: the exact title first, then titles with that beginning, other titles, people, and titles one
    typing error away; equal matches by popularity.
    """
    if not query.q:
        raise InvalidRequest("q must not be blank", "/q")
    edge = edge_of(request)
    return cacheable(request, await edge.compute(edge.recommender.films, query.q, query.limit))


@router.get(
    "/films/{item_id}",
    operation_id="get_film",
    summary="Get one film",
    response_model=FilmAnswer,
    responses=NOT_MODIFIED
    | problems("/films/tmdb:1", 404, *OF_READING, own={"invalid-request": bad_id("item_id", "/films/%0A")}),
)
async def film(request: Request, item_id: ItemPath) -> Response:
    """Return all details of a film."""
    edge = edge_of(request)
    return cacheable(request, await edge.compute(edge.recommender.film, item_id))


@router.get(
    "/catalogue",
    operation_id="get_catalogue",
    summary="Get the available filters",
    response_model=CatalogueAnswer,
    responses=NOT_MODIFIED | problems("/catalogue", *OF_OPEN, without=NEVER_OPEN, own=OVERLOADED),
)
async def catalogue(request: Request) -> Response:
    """Return genres, years and languages to filter by, demo people, and whether a key is required."""
    edge = edge_of(request)
    facts = await edge.compute(edge.recommender.catalogue)
    return shared(request, edge.catalogue(facts), MAX_AGE_S)
