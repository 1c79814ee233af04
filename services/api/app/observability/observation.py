"""Observation of each request: what is observed, the access log, and telemetry and tracing if enabled."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol, cast

from starlette.types import Scope

from services.api.app.context import RequestContext, Trace, method_of
from services.api.app.observability.pseudonyms import Pseudonyms
from services.api.app.observability.trace_ids import TraceIds, trace_ids_of

access = logging.getLogger("marquee.access")
NO_ROUTE = "-"


@dataclass(frozen=True, slots=True)
class Observation:
    """One answered request. ``route``: the path template, never the path, which may contain a person's id; "-" if there
    is no such route. ``ms``: total time; ``stages``: milliseconds by stage. ``facts``: what was noted on the way, e.g.
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

    def record(self, seen: Observation) -> None:
        """Record one request. Called in the event loop, so it must neither block nor raise."""


class Tracing(Protocol):
    """Traces some of the requests."""

    def begin(self, ids: TraceIds | None) -> Trace | None:
        """Begin a trace of the current request; None if it is not sampled. ``ids``: those sent with the request."""

    def record(self, seen: Observation, trace: Trace, started: float) -> None:
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
    seen = Observation(
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
        access.info(json.dumps(seen.line()))
    if telemetry is not None:
        telemetry.record(seen)
    if context.trace is not None:
        cast("Tracing", _of_app(scope, "tracer")).record(seen, context.trace, context.started)


def _platform(scope: Scope) -> dict[str, object]:
    """Return AWS's ids of this request, as in Lambda's log lines, API Gateway's access log and traces."""
    ids: dict[str, object] = {"aws_request_id": getattr(scope.get("aws.context"), "aws_request_id", None)}
    event = scope.get("aws.event")
    if isinstance(event, dict) and isinstance(event.get("requestContext"), dict):
        ids["apigw_request_id"] = event["requestContext"].get("requestId")
    traced = trace_ids_of(scope)
    ids["trace_id"] = traced.logged if traced else None
    return {name: value for name, value in ids.items() if isinstance(value, str) and value}


def _of_app(scope: Scope, name: str) -> object:
    """Return an attribute of the application serving this request, None if missing."""
    app = scope.get("app")
    return None if app is None else getattr(app.state, name, None)
