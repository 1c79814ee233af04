"""Error responses in OpenAPI: each kind with an example, as the operation sends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from services.api.app.errors import KINDS, OF_STATUS, Kind
from services.api.app.schemas.problem import MEDIA_TYPE, Problem, ProblemDocument

OF_READING = (401, 403, 405, 421, 422, 429, 500, 503)
OF_BODY = (400, 401, 403, 405, 413, 415, 421, 422, 429, 500, 503)
# Of routes that require no key.
OF_OPEN = (403, 405, 421, 500, 503)
UNKNOWN_PERSON = Kind(404, "unknown-person", "The person is unknown")
NOT_READY = Kind(503, "not-ready", "Not ready to serve")

_REQUEST_ID = "5f0c7b9e2a414d0f8d6c3b1a90e7f254"


@dataclass(frozen=True, slots=True)
class ErrorExample:
    """Example of a problem: its ``detail``; ``errors``, each as in ``FieldError``; ``path``, if the problem occurs only
    at another path than the operation's example.
    """

    detail: str
    errors: tuple[Mapping[str, str], ...] = ()
    path: str | None = None


def of_field(detail: str, pointer: str, location: str | None = None, path: str | None = None) -> ErrorExample:
    """Return the example of a problem with one field. ``location`` None: errors of the core do not give one."""
    error = {"pointer": pointer, "detail": detail}
    return ErrorExample(detail, (error if location is None else {**error, "location": location},), path)


def bad_id(name: str, path: str) -> ErrorExample:
    """Return the example of an id with a control character in the path."""
    detail = f'{name} must not contain disallowed characters, such as control characters; got "\\n"'
    return of_field(detail, f"/{name}", "path", path)


# Kind -> its example for operations that have no example of their own. A test provokes each and compares the text.
# Kinds missing here have an example in each operation, have no documented status, or occur only at startup.
COMMON = {
    "malformed-body": ErrorExample("The body is not valid JSON: expected value at line 1 column 7."),
    "unauthorized": ErrorExample("no API key: send it in the header X-API-Key"),
    "forbidden": ErrorExample("this API key lacks the scope 'serve'; it has: admin"),
    "origin-refused": ErrorExample(
        "this address does not accept requests directly; call the API at its public address "
        "(the CloudFront distribution)"
    ),
    "host-refused": ErrorExample("the header Host names another server; if it is this one, add it to ALLOWED_HOSTS"),
    "unknown-film": ErrorExample(
        "film 'tmdb:1' is not in the catalogue; look ids up with GET /films?q= or `marquee films`"
    ),
    "unknown-person": ErrorExample("Nothing is stored about this person."),
    "method-not-allowed": ErrorExample("The Allow header lists the methods of this path."),
    "body-too-large": ErrorExample("The body may have at most 2097152 bytes."),
    "unsupported-media-type": ErrorExample("Send the body as JSON, with the header Content-Type: application/json."),
    "preset-unavailable": of_field(
        'the bundle 2026-01-31-4f2a has no SVD factors; omit preset or use "default", or build a bundle from ratings '
        "with `marquee build --svd-k 64`",
        "/preset",
    ),
    "bad-cursor": of_field("the cursor is damaged or was not made by this API; send next_cursor unchanged", "/cursor"),
    "idempotency-mismatch": of_field(
        "Idempotency-Key: this key was used within 24 hours with another body; send a new key for a new event", ""
    ),
    "quota-exceeded": ErrorExample("this key's quota of 60 requests in 60 s is used up; try again in 12 s"),
    "internal-error": ErrorExample("An unexpected error; see the log for this request_id."),
    "overloaded": ErrorExample("too many requests are waiting for the store; try again in a second"),
    "state-unavailable": ErrorExample(
        "state.db cannot be opened; check that its folder exists and is writable (SQLite: unable to open database file)"
    ),
    "state-busy": ErrorExample(
        "state.db is locked by another writer; send the request again (SQLite: database is locked)"
    ),
    "bundle-missing": ErrorExample(
        "/var/lib/marquee/current.json: no bundle is active; run `marquee build` or `marquee bundle activate`"
    ),
}
# For operations that do not use the store.
OVERLOADED = {"overloaded": ErrorExample("too many requests are waiting for answers; try again in a second")}
# For operations that require the scope ``admin``.
FORBIDDEN = {"forbidden": ErrorExample("this API key lacks the scope 'admin'; it has: serve")}
# Kinds that these operations, which require no key, never return.
NEVER_OPEN = ("forbidden", "state-unavailable", "state-busy")
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


def problems(
    path: str,
    *statuses: int,
    kinds: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    own: Mapping[str, ErrorExample] = MappingProxyType({}),
) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route for these error statuses, each kind with an example at ``path``.

    ``kinds``: slugs of the route's own errors, which replace the usual ones for 404 and are added for other statuses.
    ``without``: slugs of usual errors that the route never returns. ``own``: its examples in place of the common ones.
    """
    examples = {**COMMON, **own}
    return {
        status: _response(status, {slug: _value(_DOCUMENTED[slug], examples[slug], path) for slug in slugs})
        for status in statuses
        for slugs in [[slug for slug in _slugs(status, kinds) if slug not in without]]
    }


def _slugs(status: int, kinds: tuple[str, ...]) -> tuple[str, ...]:
    own = tuple(slug for slug in kinds if _DOCUMENTED[slug].status == status)
    return own if own and status == 404 else (*_USUAL[status], *own)


def _response(status: int, values: dict[str, dict[str, Any]]) -> dict[str, Any]:
    content = {
        "schema": {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"},
        "examples": {slug: {"summary": value["title"], "value": value} for slug, value in values.items()},
    }
    return {"description": _DESCRIPTIONS[status], "content": {MEDIA_TYPE: content}}


def _value(kind: Kind, example: ErrorExample, path: str) -> dict[str, Any]:
    problem = Problem(kind.status, kind.slug, kind.title, example.detail, example.errors)
    return problem.document(instance=example.path or path, request_id=_REQUEST_ID)
