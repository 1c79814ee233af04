"""Context of a request: what the layers note on the way (id, key, timings, log fields), and its report at the end.

The report goes to the access log and, if enabled, to telemetry and tracing.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol, cast

from starlette.types import Scope

from services.api.app.observability.pseudonyms import Pseudonyms
from services.api.app.observability.trace_ids import TraceIds, trace_ids_of
from services.recommender.ports.time import Span, record_spans

_SCOPE_KEY = "marquee.context"
_METHOD_KEY = "marquee.method"
_DEGRADED = b"x-marquee-degraded"
access = logging.getLogger("marquee.access")
NO_ROUTE = "-"


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
        self.headers = [(name, value) for name, value in self.headers if name != _DEGRADED]
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


@dataclass(frozen=True, slots=True)
class Observation:
    """One answered request. ``route``: the path template, never the path, which may contain a person's id; "-" if there
    is no such route. ``ms``: total time; ``stages``: milliseconds by stage. ``facts``: see ``RequestContext``, e.g.
    ``strategy``, ``cached``, ``degraded``, ``problem``, and ``user``, a pseudonym.
    """

    request_id: str
    method: str
    route: str
    status: int
    ms: float
    key_id: str | None
    stages: Mapping[str, float]
    facts: Mapping[str, object]

    def line(self) -> dict[str, object]:
        """Return the fields of the log line; the person appears only as a pseudonym."""
        return {
            "request_id": self.request_id,
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "ms": self.ms,
            "key": self.key_id,
            **self.facts,
        }


class Telemetry(Protocol):
    """Sends observations to wherever metrics are kept."""

    def record(self, observation: Observation) -> None:
        """Record one request. Called in the event loop, so it must neither block nor raise."""


class Tracing(Protocol):
    """Traces some of the requests."""

    def begin(self, ids: TraceIds | None) -> Trace | None:
        """Begin a trace of the current request; None if it is not sampled. ``ids``: those sent with the request."""

    def record(self, observation: Observation, trace: Trace, started: float) -> None:
        """Report the answered request. ``started``: its start on the spans' clock. Must neither block nor raise."""


def begin_trace(scope: Scope) -> Trace | None:
    """Begin a trace of this request, if tracing is on and the request is sampled."""
    tracer = cast("Tracing | None", _of_app(scope, "tracer"))
    return None if tracer is None else tracer.begin(trace_ids_of(scope))


def observe(scope: Scope, context: RequestContext, status: int) -> None:
    """Report the request to the access log, the telemetry and the tracer, if enabled."""
    telemetry = cast("Telemetry | None", _of_app(scope, "telemetry"))
    logged = access.isEnabledFor(logging.INFO)
    if telemetry is None and not logged and context.trace is None:
        return
    facts = {**context.facts, **_platform(scope)}
    if context.trace is not None:
        facts |= {"trace_id": context.trace.ids.logged, "traced": True}
    pseudonyms = cast("Pseudonyms | None", _of_app(scope, "pseudonyms"))
    if context.person is not None and pseudonyms is not None:
        facts["user"] = pseudonyms.of(context.person)
    observation = Observation(
        request_id=context.request_id,
        method=method_of(scope),
        route=getattr(scope.get("route"), "path", NO_ROUTE),
        status=status,
        ms=round((perf_counter() - context.started) * 1_000, 2),
        key_id=context.key_id,
        stages=context.stages,
        facts=facts,
    )
    if logged:
        access.info(json.dumps(observation.line()))
    if telemetry is not None:
        telemetry.record(observation)
    if context.trace is not None:
        cast("Tracing", _of_app(scope, "tracer")).record(observation, context.trace, context.started)


def _platform(scope: Scope) -> dict[str, object]:
    """Return AWS's ids of this request, as in Lambda's log lines, API Gateway's access log and traces."""
    ids: dict[str, object] = {"aws_request_id": getattr(scope.get("aws.context"), "aws_request_id", None)}
    event = scope.get("aws.event")
    if isinstance(event, dict) and isinstance(event.get("requestContext"), dict):
        ids["apigw_request_id"] = event["requestContext"].get("requestId")
    trace_ids = trace_ids_of(scope)
    ids["trace_id"] = trace_ids.logged if trace_ids else None
    return {name: value for name, value in ids.items() if isinstance(value, str) and value}


def _of_app(scope: Scope, name: str) -> object:
    """Return an attribute of the application serving this request, None if missing."""
    app = scope.get("app")
    return None if app is None else getattr(app.state, name, None)
