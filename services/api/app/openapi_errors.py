"""Error responses in OpenAPI: each kind with an example."""

from typing import Any

from services.api.app.errors import KINDS, OF_STATUS, Kind
from services.api.app.schemas.problem import MEDIA_TYPE, FieldError, Problem, ProblemDocument

OF_READING = (401, 403, 405, 421, 422, 429, 500, 503)
OF_BODY = (400, 401, 403, 405, 413, 415, 421, 422, 429, 500, 503)
# Of routes that require no key.
OF_OPEN = (403, 405, 421, 500, 503)
UNKNOWN_PERSON = Kind(404, "unknown-person", "The person is unknown")
NOT_READY = Kind(503, "not-ready", "Not ready to serve")

_REQUEST_ID = "5f0c7b9e2a414d0f8d6c3b1a90e7f254"
# Kind -> example of its ``detail``. Kinds missing here have no documented status or occur only at startup.
_DETAILS = {
    "malformed-body": "The body is not valid JSON: expected value at line 1 column 2.",
    "unauthorized": "no API key: send it in the header X-API-Key",
    "forbidden": "this API key lacks the scope 'admin'; it has: serve",
    "origin-refused": "ask the address of the distribution in front of this one",
    "host-refused": "the header Host names another server; add the name to ALLOWED_HOSTS if it is this one",
    "unknown-film": "film 'tmdb:1' is not in the catalogue",
    "unknown-person": "Nothing is stored about this person.",
    "method-not-allowed": "The Allow header lists the methods of this path.",
    "body-too-large": "The body may have at most 2097152 bytes.",
    "unsupported-media-type": "Send the body as JSON, with the header Content-Type: application/json.",
    "invalid-request": "k must be between 1 and 100; got 101",
    "all-seeds-unknown": "none of the films in liked is known",
    "preset-unavailable": "the bundle has no SVD factors; build it from ratings",
    "bad-cursor": "the cursor belongs to another request",
    "idempotency-mismatch": "the Idempotency-Key was used with another body",
    "quota-exceeded": "60 requests in 60 s used up; try again in 12 s",
    "internal-error": "An unexpected error; see the log for this request_id.",
    "overloaded": "the server has more to do than it can queue; try again in 1 s",
    "state-unavailable": "the state store did not answer in time",
    "state-busy": "the state store is locked by another process",
    "bundle-missing": "there is no bundle to serve; build one with marquee build",
    "not-ready": "state: the state store did not answer in time",
}
_POINTERS = {
    "invalid-request": "/k",
    "all-seeds-unknown": "/liked",
    "preset-unavailable": "/preset",
    "bad-cursor": "/cursor",
    "idempotency-mismatch": "",
    "not-ready": "/state",
}
_DOCUMENTED = {kind.slug: kind for kind in (*KINDS.values(), *OF_STATUS.values(), UNKNOWN_PERSON, NOT_READY)}
_DESCRIPTIONS = {
    400: "The body cannot be read.",
    401: "A valid API key is required. Only if the server requires keys.",
    403: "The API key does not allow this, or the request bypassed the public address.",
    404: "The resource named in the path or the body does not exist.",
    405: "This path does not support this method.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    421: "`Host` names another server. Only if the server checks it.",
    422: "The request is well-formed but invalid; `errors` lists each field.",
    429: "The quota of the API key is exhausted. Wait for `Retry-After` seconds.",
    500: "Internal server error.",
    503: "The server or a dependency is unavailable. Nothing was stored; send the same request again after "
    "`Retry-After` seconds.",
}
# Kinds that any route may return with this status, unless it names others.
_USUAL = {
    400: ("malformed-body",),
    401: ("unauthorized",),
    403: ("forbidden", "origin-refused"),
    404: ("unknown-film",),
    405: ("method-not-allowed",),
    413: ("body-too-large",),
    415: ("unsupported-media-type",),
    421: ("host-refused",),
    422: ("invalid-request",),
    429: ("quota-exceeded",),
    500: ("internal-error",),
    503: ("overloaded", "state-unavailable", "state-busy", "bundle-missing"),
}


def problems(*statuses: int, kinds: tuple[str, ...] = ()) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route for these error statuses. ``kinds``: slugs of the route's own errors, which
    replace the usual ones for 404 and are added for other statuses.
    """
    return {status: _response(status, _slugs(status, kinds)) for status in statuses}


def examples() -> dict[str, Any]:
    """Return every documented problem by its slug, for ``components.examples``."""
    return {slug: {"summary": _DOCUMENTED[slug].title, "value": _example(_DOCUMENTED[slug])} for slug in _DETAILS}


def _slugs(status: int, kinds: tuple[str, ...]) -> tuple[str, ...]:
    own = tuple(slug for slug in kinds if _DOCUMENTED[slug].status == status)
    return own if own and status == 404 else (*_USUAL[status], *own)


def _response(status: int, slugs: tuple[str, ...]) -> dict[str, Any]:
    content = {
        "schema": {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"},
        "examples": {slug: {"$ref": f"#/components/examples/{slug}"} for slug in slugs},
    }
    return {"description": _DESCRIPTIONS[status], "content": {MEDIA_TYPE: content}}


def _example(kind: Kind) -> dict[str, Any]:
    detail = _DETAILS[kind.slug]
    location = "parts" if kind is NOT_READY else "body"
    pointer = _POINTERS.get(kind.slug)
    faults = [] if pointer is None else [FieldError(pointer=pointer, detail=detail, location=location).model_dump()]
    problem = Problem(kind.status, kind.slug, kind.title, detail, faults)
    return problem.document(instance="/recommend", request_id=_REQUEST_ID)
