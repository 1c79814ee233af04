"""Request context of the API layers: id, key, timings and log fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from starlette.types import Scope

from services.api.app.observability.trace_ids import TraceIds
from services.recommender.stopwatch import Span, record_spans

_SCOPE_KEY = "marquee.context"
_METHOD_KEY = "marquee.method"
_DEGRADED = b"x-marquee-degraded"


@dataclass(frozen=True, slots=True)
class Trace:
    """A traced request: its ids, start time (epoch nanoseconds), and its spans as they end."""

    ids: TraceIds
    began_ns: int
    spans: list[Span] = field(default_factory=record_spans)


@dataclass(slots=True)
class RequestContext:
    """``started``: monotonic seconds. ``stages``: milliseconds by stage. ``headers`` are added to every response,
    errors included. ``facts`` go into the access log; ``person``, the subject of the request, only as a pseudonym.
    ``trace``: set if the request is traced.
    """

    request_id: str
    started: float
    key_id: str | None = None
    person: str | None = None
    stages: Mapping[str, float] = field(default_factory=dict)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    trace: Trace | None = None

    def degrade(self, part: str) -> None:
        """Report, in a header and in the log, that a part of the API works without its store."""
        parts = [*cast("list[str]", self.facts.get("edge_degraded", [])), part]
        self.facts["edge_degraded"] = parts
        self.headers = [each for each in self.headers if each[0] != _DEGRADED]
        self.headers.append((_DEGRADED, ", ".join(parts).encode()))


def attach(scope: Scope, context: RequestContext) -> None:
    """Attach the context to the request."""
    scope[_SCOPE_KEY] = context


def context_of(scope: Scope) -> RequestContext:
    """Return the request's context; an empty one outside the middleware."""
    return cast("RequestContext", scope.get(_SCOPE_KEY) or RequestContext("-", 0.0))


def ask_instead(scope: Scope, method: str) -> Scope:
    """Return the same request with another method; ``method_of`` still returns the original one."""
    return {**scope, "method": method, _METHOD_KEY: method_of(scope)}


def method_of(scope: Scope) -> str:
    """Return the method as sent by the client."""
    return cast("str", scope.get(_METHOD_KEY) or scope["method"])


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first header of this lower-case name, as Latin-1 text."""
    for key, value in scope["headers"]:
        if key == name:
            return cast("bytes", value).decode("latin-1")
    return None


def has_header(headers: list[tuple[bytes, bytes]], name: bytes) -> bool:
    """Return whether the response already sets this lower-case header."""
    return any(key == name for key, _ in headers)
