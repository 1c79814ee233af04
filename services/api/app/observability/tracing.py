"""Traces of a sample of the requests: one span for the request and one for each part of its work.

Spans are built after the response, from recorded times. They contain what the log contains, without the person's
pseudonym. Sampling is decided here only: if a caller's flag counted, anyone could control the cost of tracing.
Source: OTLP specification; OpenTelemetry semantic conventions, "HTTP spans".
"""

import random
import secrets
import time
from collections.abc import Iterator

from services.adapters.otlp import Collector, Json, attributes
from services.api.app.context import NO_ROUTE, Observation, Trace
from services.api.app.observability.trace_ids import TraceIds

_SERVER, _INTERNAL, _ERROR = 2, 1, 2
# Facts of a request that become attributes, with the attribute names.
_FACTS = {
    "strategy": "marquee.strategy", "cached": "marquee.cached", "degraded": "marquee.degraded",
    "problem": "error.type", "aws_request_id": "faas.invocation_id", "apigw_request_id": "aws.api_gateway.request_id",
}  # fmt: skip


class Tracer:
    """Traces a share ``ratio`` of the requests, 0 to 1."""

    def __init__(self, ratio: float, collector: Collector) -> None:
        self._ratio = ratio
        self._collector = collector
        # Not the process's generator: copies of a snapshot would make identical choices.
        self._random = random.SystemRandom()

    def begin(self, ids: TraceIds | None) -> Trace | None:
        """Begin a trace of the current request; None if it is not sampled. ``ids``: those sent with the request."""
        if self._random.random() >= self._ratio:
            return None
        return Trace(ids or TraceIds(secrets.token_hex(16)), time.time_ns())

    def record(self, observation: Observation, trace: Trace, started: float) -> None:
        """Pass the spans to the collector. ``started``: start of the request, on the spans' clock."""
        self._collector.put(list(_spans(observation, trace, started)))

    def flush(self) -> None:
        """Send pending spans now."""
        self._collector.flush()


def _spans(observation: Observation, trace: Trace, started: float) -> Iterator[Json]:
    """Yield the request's span first, then each part under its parent."""
    ids = [secrets.token_hex(8) for _ in trace.spans]
    root_id = secrets.token_hex(8)
    route = "" if observation.route == NO_ROUTE else f" {observation.route}"
    fields = {"http.request.method": observation.method, "http.response.status_code": observation.status}
    fields |= {"http.route": observation.route} if route else {}
    fields |= {"marquee.request_id": observation.request_id}
    facts = observation.facts
    fields |= {name: facts[fact] for fact, name in _FACTS.items() if facts.get(fact) not in (None, [])}
    root = _span(f"{observation.method}{route}", trace, root_id, trace.ids.parent, 0.0, observation.ms / 1_000)
    status = {"status": {"code": _ERROR}} if observation.status >= 500 else {}
    yield {**root, "kind": _SERVER, "attributes": attributes(fields), **status}
    for number, span in enumerate(trace.spans):
        # The parent ends later and began earlier.
        enclosing = (later for later in range(number + 1, len(ids)) if trace.spans[later].begin <= span.begin)
        parent = next((ids[later] for later in enclosing), root_id)
        yield _span(span.name, trace, ids[number], parent, span.begin - started, span.end - started)


def _span(name: str, trace: Trace, span_id: str, parent: str, begin_s: float, end_s: float) -> Json:
    begin, end = (str(trace.began_ns + round(1e9 * each)) for each in (begin_s, end_s))
    span = {"traceId": trace.ids.trace, "spanId": span_id, "name": name, "kind": _INTERNAL,
            "startTimeUnixNano": begin, "endTimeUnixNano": end}  # fmt: skip
    return {**span, "parentSpanId": parent} if parent else span
