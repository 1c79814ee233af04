"""What is told about each request: the access log, and where metrics are wanted, whatever a ``Telemetry`` does."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol, cast

from fastapi import FastAPI
from starlette.types import Scope

from services.api.app.context import Context

access = logging.getLogger("marquee.access")
NO_ROUTE = "-"


@dataclass(frozen=True, slots=True)
class Observation:
    """One request that was answered. ``route``: the path's template, never the path, which can hold a person's id;
    "-" if there is no such route. ``ms``: from the first byte to here; ``stages``: milliseconds by stage. ``facts``:
    what the route noted, e.g. ``strategy``, ``cached``, ``degraded``, and ``user``, a short hash.
    """

    request_id: str
    method: str
    route: str
    status: int
    ms: float
    key_id: str | None
    stages: Mapping[str, float]
    facts: Mapping[str, object]


class Telemetry(Protocol):
    """Takes what was observed to wherever metrics are kept."""

    def record(self, seen: Observation) -> None:
        """Note one request. Called in the event loop, so it must neither wait nor raise."""


def install_telemetry(app: FastAPI, metrics: str, stage: str) -> None:
    """Have each request recorded if ``metrics`` is "emf": as lines in CloudWatch's embedded metric format and as one
    structured log line, on the standard output. ``stage``: the deployment, a dimension of every metric.
    """
    if metrics == "emf":
        # Only who asks for metrics pays for the import.
        from services.api.app.emf import EmfTelemetry, print_line

        app.state.telemetry = EmfTelemetry(stage, print_line)


def observe(scope: Scope, context: Context, status: int) -> None:
    """Tell the access log and the telemetry, if any of them listens."""
    telemetry = _telemetry_of(scope)
    logged = access.isEnabledFor(logging.INFO)
    if telemetry is None and not logged:
        return
    seen = Observation(
        request_id=context.request_id,
        method=scope["method"],
        route=getattr(scope.get("route"), "path", NO_ROUTE),
        status=status,
        ms=round((perf_counter() - context.started) * 1_000, 2),
        key_id=context.key_id,
        stages=context.stages,
        facts=context.facts,
    )
    if logged:
        access.info(json.dumps(_line(seen)))
    if telemetry is not None:
        telemetry.record(seen)


def _telemetry_of(scope: Scope) -> Telemetry | None:
    """The telemetry of the application that serves this request."""
    app = scope.get("app")
    return None if app is None else cast("Telemetry | None", getattr(app.state, "telemetry", None))


def _line(seen: Observation) -> dict[str, object]:
    return {
        "request_id": seen.request_id,
        "method": seen.method,
        "route": seen.route,
        "status": seen.status,
        "ms": seen.ms,
        "key": seen.key_id,
        **seen.facts,
    }
