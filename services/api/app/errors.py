"""Exception to answer: one table. Everything that leaves the edge as an error passes through here."""

from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.problem import Problem
from services.api.app.validation import field_errors
from services.recommender import errors as core


@dataclass(frozen=True, slots=True)
class Kind:
    """How an error is shown."""

    status: int
    slug: str
    title: str


KINDS: dict[type[Exception], Kind] = {
    core.InvalidRequest: Kind(422, "invalid-request", "The request is not valid"),
    core.UnknownGenre: Kind(422, "unknown-genre", "A genre is unknown"),
    core.AllSeedsUnknown: Kind(422, "all-seeds-unknown", "None of the films given is known"),
    core.BadCursor: Kind(422, "bad-cursor", "The cursor is not valid for this request"),
    core.PresetUnavailable: Kind(422, "preset-unavailable", "The bundle was not built for this preset"),
    core.IdempotencyMismatch: Kind(422, "idempotency-mismatch", "The idempotency key was used with another body"),
    core.UnknownFilm: Kind(404, "unknown-film", "The film is not in the catalogue"),
    core.Unauthorized: Kind(401, "unauthorized", "A valid API key is needed"),
    core.Forbidden: Kind(403, "forbidden", "The API key does not allow this"),
    core.OriginRefused: Kind(403, "origin-refused", "This address is not open to the public"),
    core.HostRefused: Kind(421, "host-refused", "This server does not go by that name"),
    core.QuotaExceeded: Kind(429, "quota-exceeded", "The quota is used up"),
    core.Overloaded: Kind(503, "overloaded", "The server has more to do than it can queue"),
    core.Unavailable: Kind(503, "unavailable", "A dependency does not answer"),
    core.StateUnavailable: Kind(503, "state-unavailable", "The state store does not answer"),
    core.StateBusy: Kind(503, "state-busy", "The state store is busy"),
    core.SearchUnavailable: Kind(503, "search-unavailable", "The search engine does not answer"),
    core.RetrieverUnavailable: Kind(503, "retriever-unavailable", "The two-tower model did not answer"),
    core.ExplainerUnavailable: Kind(503, "explainer-unavailable", "The model that writes sentences did not answer"),
    core.EncoderUnavailable: Kind(503, "encoder-unavailable", "The text encoder is not available"),
    core.SecretUnavailable: Kind(503, "secret-unavailable", "A secret can't be read"),
    core.BundleError: Kind(503, "bundle-error", "The bundle can't be served"),
    core.BundleMissing: Kind(503, "bundle-missing", "There is no bundle to serve"),
    core.EncoderMismatch: Kind(503, "encoder-mismatch", "The bundle is of another text encoder"),
    core.BundleDamaged: Kind(503, "bundle-damaged", "The bundle is damaged"),
    Exception: Kind(500, "internal-error", "Something went wrong here"),
}

OF_STATUS: dict[int, Kind] = {
    400: Kind(400, "malformed-body", "The body can't be read"),
    404: Kind(404, "not-found", "There is nothing here"),
    405: Kind(405, "method-not-allowed", "This method is not allowed here"),
    413: Kind(413, "body-too-large", "The body is too large"),
    415: Kind(415, "unsupported-media-type", "The body must be JSON"),
}
_CHALLENGE = 'ApiKey realm="marquee", header="X-API-Key"'


def kind_of(error: BaseException) -> Kind:
    """The entry of the nearest class in the table."""
    return next(KINDS[cls] for cls in type(error).__mro__ if cls in KINDS)


def problem_of(error: Exception) -> Problem:
    """The problem an exception is shown as. An unexpected one keeps its text to the log."""
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    kind = kind_of(error)
    if kind.status == 500:
        return Problem(500, kind.slug, kind.title, "An unexpected error; the log has it under this request_id.")
    pointed = [{"pointer": error.pointer, "detail": str(error)}] if isinstance(error, core.InvalidRequest) else []
    return Problem(kind.status, kind.slug, kind.title, str(error), pointed, _headers(error))


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, core.QuotaExceeded | core.Overloaded | core.Unavailable):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, core.BundleError):
        return {"Retry-After": "5"}
    if isinstance(error, core.Unauthorized):
        return {"WWW-Authenticate": _CHALLENGE}
    return {}


def _of_validation(error: RequestValidationError) -> Problem:
    kind = KINDS[core.InvalidRequest]
    faults = field_errors(error.errors())
    detail = "; ".join(fault["detail"] for fault in faults[:3])
    return Problem(kind.status, kind.slug, kind.title, detail, faults)


def _of_http(error: HTTPException) -> Problem:
    kind = OF_STATUS.get(error.status_code, Kind(error.status_code, "http-error", "The request failed"))
    headers = {**(error.headers or {})}
    if "Allow" in headers:
        methods = set(headers["Allow"].split(", "))
        # Whatever answers GET answers HEAD; see the middleware HeadAsGet.
        headers["Allow"] = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    return Problem(kind.status, kind.slug, kind.title, _DETAIL.get(error.detail, error.detail), headers=headers)


# Starlette's own words for these are bare status phrases.
_DETAIL = {
    "Not Found": "No such path; /openapi.json lists those there are.",
    "Method Not Allowed": "The Allow header names the methods of this path.",
}


async def show(request: Request, error: Exception) -> Response:
    """Exception handler for everything that is raised on purpose."""
    return problem_of(error).response(request.scope)


def install_handlers(app: FastAPI) -> None:
    """Make the app answer its own and the framework's exceptions as problems."""
    for cls in (core.MarqueeError, HTTPException, RequestValidationError):
        app.add_exception_handler(cls, show)
