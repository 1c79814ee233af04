"""Mapping of exceptions to problem responses, in one table."""

from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.api.app.schemas.problem import Problem
from services.api.app.schemas.validation import field_errors
from services.recommender import errors as core


@dataclass(frozen=True, slots=True)
class Kind:
    """Status, slug and title of a kind of error."""

    status: int
    slug: str
    title: str


KINDS: dict[type[Exception], Kind] = {
    core.InvalidRequest: Kind(422, "invalid-request", "The request is not valid"),
    core.UnknownGenre: Kind(422, "unknown-genre", "A genre is unknown"),
    core.AllSeedsUnknown: Kind(422, "all-seeds-unknown", "None of the given films is known"),
    core.BadCursor: Kind(422, "bad-cursor", "The cursor is not valid for this request"),
    core.PresetUnavailable: Kind(422, "preset-unavailable", "The bundle was not built for this preset"),
    core.IdempotencyMismatch: Kind(422, "idempotency-mismatch", "The idempotency key was used with another body"),
    core.UnknownFilm: Kind(404, "unknown-film", "The film is not in the catalogue"),
    core.Unauthorized: Kind(401, "unauthorized", "A valid API key is required"),
    core.Forbidden: Kind(403, "forbidden", "The API key does not allow this"),
    core.OriginRefused: Kind(403, "origin-refused", "Direct access to this address is not allowed"),
    core.HostRefused: Kind(421, "host-refused", "This server does not serve that host name"),
    core.QuotaExceeded: Kind(429, "quota-exceeded", "The quota is exhausted"),
    core.Overloaded: Kind(503, "overloaded", "The server is overloaded"),
    core.Unavailable: Kind(503, "unavailable", "A dependency is unavailable"),
    core.StateUnavailable: Kind(503, "state-unavailable", "The state store is unavailable"),
    core.StateBusy: Kind(503, "state-busy", "The state store is busy"),
    core.SearchUnavailable: Kind(503, "search-unavailable", "The search engine is unavailable"),
    core.RetrieverUnavailable: Kind(503, "retriever-unavailable", "The two-tower model is unavailable"),
    core.ExplainerUnavailable: Kind(503, "explainer-unavailable", "The explanation model is unavailable"),
    core.EncoderUnavailable: Kind(503, "encoder-unavailable", "The text encoder is unavailable"),
    core.SecretUnavailable: Kind(503, "secret-unavailable", "A secret cannot be read"),
    core.BundleError: Kind(503, "bundle-error", "The bundle cannot be served"),
    core.BundleMissing: Kind(503, "bundle-missing", "There is no bundle to serve"),
    core.EncoderMismatch: Kind(503, "encoder-mismatch", "The bundle was built with another text encoder"),
    core.BundleDamaged: Kind(503, "bundle-damaged", "The bundle is damaged"),
    Exception: Kind(500, "internal-error", "Internal server error"),
}

OF_STATUS: dict[int, Kind] = {
    400: Kind(400, "malformed-body", "The body cannot be read"),
    404: Kind(404, "not-found", "Not found"),
    405: Kind(405, "method-not-allowed", "Method not allowed"),
    413: Kind(413, "body-too-large", "The body is too large"),
    415: Kind(415, "unsupported-media-type", "The body must be JSON"),
}
_CHALLENGE = 'ApiKey realm="marquee", header="X-API-Key"'


def kind_of(error: BaseException) -> Kind:
    """Return the entry of the nearest base class in the table."""
    return next(KINDS[cls] for cls in type(error).__mro__ if cls in KINDS)


def problem_of(error: Exception) -> Problem:
    """Return the problem for an exception. The text of an unexpected one goes only to the log."""
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    kind = kind_of(error)
    if kind.status == 500:
        return Problem(500, kind.slug, kind.title, "An unexpected error; see the log for this request_id.")
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
        # Every GET route also serves HEAD; see the middleware RequestLine.
        headers["Allow"] = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    return Problem(kind.status, kind.slug, kind.title, _DETAIL.get(error.detail, error.detail), headers=headers)


# Replacements for Starlette's bare status phrases.
_DETAIL = {
    "Not Found": "No such path; see /openapi.json for the available ones.",
    "Method Not Allowed": "The Allow header lists the methods of this path.",
}


async def show(request: Request, error: Exception) -> Response:
    """Handle exceptions that are raised deliberately."""
    return problem_of(error).response(request.scope)


def install_handlers(app: FastAPI) -> None:
    """Register handlers that turn our own and the framework's exceptions into problems."""
    for cls in (core.MarqueeError, HTTPException, RequestValidationError):
        app.add_exception_handler(cls, show)
