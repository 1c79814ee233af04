"""Import, export and erasure of a person's data; the last two require the scope ``admin`` if keys are on."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.context import context_of
from services.api.app.edge import EdgeRoute, edge_of, to_json
from services.api.app.openapi import UserPath
from services.api.app.openapi_errors import (
    FORBIDDEN,
    OF_READING,
    UNKNOWN_PERSON,
    ErrorExample,
    bad_id,
    of_field,
    problems,
)
from services.api.app.schemas.problem import Problem
from services.api.app.schemas.responses import ExportAnswer, ImportAnswer
from services.recommender.errors import InvalidRequest
from services.recommender.ports import Deadline

router = APIRouter(route_class=EdgeRoute, tags=["people"])
# Time limit for matching the rows of an export.
IMPORT_S = 20.0
_NO_FILE = "send the export as the body, e.g. curl --data-binary @export.zip"
EXPORT_FILE: dict[str, Any] = {
    "required": True,
    "description": "The export as downloaded: a zip, CSV or JSON file of at most 10 MB, with any content type.",
    "content": {
        "application/octet-stream": {
            "schema": {"type": "string", "format": "binary"},
            "example": "Date,Name,Year,Letterboxd URI,Rating\n2026-01-31,Heat,1995,https://boxd.it/2bfw,4.5\n",
        }
    },
}


class ImportQuery(BaseModel):
    """Query parameters that the body does not contain."""

    model_config = ConfigDict(extra="forbid")

    filename: str = Field(
        "export", max_length=255, description="The file's name, which distinguishes Letterboxd's tables.",
        examples=["ratings.csv", "watchlist.csv"],
    )  # fmt: skip
    account: str | None = Field(
        None, max_length=255, description="Account to import, if the export has several.", examples=["anna"]
    )


@router.get(
    "/users/{user_id}/export",
    operation_id="export_user",
    summary="Export everything stored about a person",
    response_model=ExportAnswer,
    responses=problems(
        "/users/u1/export",
        404,
        *OF_READING,
        kinds=("unknown-person",),
        own=FORBIDDEN | {"invalid-request": bad_id("user_id", "/users/%0A/export")},
    ),
)
async def export(request: Request, user_id: UserPath) -> Response:
    """Return everything stored about a person, including the derived taste."""
    edge = edge_of(request)
    context_of(request.scope).person = user_id
    stored = await edge.blocking(edge.recommender.export, user_id)
    return _unknown_person(request) if stored is None else to_json(stored)


@router.post(
    "/users/{user_id}/import",
    operation_id="import_history",
    summary="Import a person's history from another service",
    response_model=ImportAnswer,
    responses=problems(
        "/users/u1/import",
        413,
        *OF_READING,
        own={
            "body-too-large": ErrorExample("The body may have at most 10485760 bytes."),
            "invalid-request": of_field(_NO_FILE, "/file"),
        },
    ),
    openapi_extra={"requestBody": EXPORT_FILE},
)
async def import_history(request: Request, user_id: UserPath, query: Annotated[ImportQuery, Query()]) -> Response:
    """Import a person's history from an export of Letterboxd, IMDb, Trakt, Simkl, Netflix, Jellyfin or Tautulli, sent
    as the body: a zip or one of its files. One event per film is stored; sending the same file again stores nothing.
    Ambiguous rows are listed with candidate films.
    """
    from services.adapters.history.reading import read_history

    edge = edge_of(request)
    context_of(request.scope).person = user_id
    content = await request.body()
    if not content:
        raise InvalidRequest(_NO_FILE, "/file")
    history = await edge.blocking(read_history, query.filename, content, query.account)
    deadline = Deadline.within(edge.recommender.clock, IMPORT_S)
    return to_json(await edge.blocking(edge.recommender.import_history, user_id, history, deadline))


@router.delete(
    "/users/{user_id}",
    operation_id="erase_user",
    summary="Erase a person",
    status_code=204,
    response_class=Response,
    responses=problems(
        "/users/u1",
        404,
        *OF_READING,
        kinds=("unknown-person",),
        without=("bundle-missing",),
        own=FORBIDDEN | {"invalid-request": bad_id("user_id", "/users/%0A")},
    ),
)
async def erase(request: Request, user_id: UserPath) -> Response:
    """Delete the profile, events and cached responses of a person."""
    edge = edge_of(request)
    context_of(request.scope).person = user_id
    erased = await edge.blocking(edge.recommender.erase, user_id)
    return Response(status_code=204) if erased else _unknown_person(request)


def _unknown_person(request: Request) -> Response:
    detail = "Nothing is stored about this person."
    return Problem(UNKNOWN_PERSON.status, UNKNOWN_PERSON.slug, UNKNOWN_PERSON.title, detail).response(request.scope)
