"""Metrics in CloudWatch's embedded metric format and one structured log line per request, on standard output.

================================ ============ ====================================================================
metric, namespace ``Marquee``    unit         statistic to use
================================ ============ ====================================================================
``API.LatencyMs``                Milliseconds p50, p95
``API.RPS``                      Count        1 per request: Sum divided by the period
``API.ErrorRate``                Percent      100 for status 500 or higher, else 0: Average
``Retrieval.KNNLatencyMs``       Milliseconds p95; only if vector search ran
``Retrieval.BM25LatencyMs``      Milliseconds p95; only if text search ran
``Retrieve.LatencyMs``           Milliseconds p95; only if the two-tower model was used, 0 if in this process
``RankerLatencyMs``              Milliseconds p95; not for cached responses
``Cache.HitRatio``               Percent      100 for a cache hit, 0 for a miss: Average
``Explain.UsagePct``             Percent      100 if explanations were requested, else 0: Average
``Explain.LatencyMs``            Milliseconds p95; this and the next six only if a model is set
``Explain.TemplatePct``          Percent      sentences from the template instead of the model: Average
``Explain.CachedPct``            Percent      sentences from the cache: Average
``Explain.InputTokens``          Count        Sum; only if the model was called, like the next three
``Explain.OutputTokens``         Count        Sum
``Explain.CostUsd``              None         US dollars, estimated from the tokens: Sum
``Explain.BudgetPct``            Percent      share of the day's tokens used or reserved: Maximum
``Fallback.Count``               Count        1 per part that failed: Sum, by ``cause``
================================ ============ ====================================================================

Each has the dimensions (stage) and (stage, route); ``Fallback.Count`` has (stage) and (stage, cause). The route is the
template and the cause one of a fixed set, as every combination is a billed metric. Health checks are not counted.
Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping

from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from services.api.app.context import NO_ROUTE, Observation

NAMESPACE = "Marquee"
CAUSES = frozenset({"encoder", "explain", "keys", "quota", "retrieve", "search", "state"})
_OTHER = "other"
_UNKNOWN_ROUTE = "none"
_UNCOUNTED = "/health/"
_MS, _PERCENT, _COUNT, _NO_UNIT = "Milliseconds", "Percent", "Count", "None"
# Metric by stage of the response, and by fact of the request.
_BY_STAGE = {
    "Retrieval.KNNLatencyMs": "knn",
    "Retrieval.BM25LatencyMs": "bm25",
    "Retrieve.LatencyMs": "retrieve",
    "RankerLatencyMs": "rank",
}
_OF_MODEL = {
    "Explain.InputTokens": ("input_tokens", _COUNT),
    "Explain.OutputTokens": ("output_tokens", _COUNT),
    "Explain.CostUsd": ("usd", _NO_UNIT),
    "Explain.BudgetPct": ("budget_pct", _PERCENT),
}
_BY_FACT = {"Cache.HitRatio": "cached", "Explain.UsagePct": "explain"}

Metric = tuple[str, str, float]


class EmfTelemetry:
    """Writes up to three kinds of lines per request to ``write``: metrics, fallbacks if any, and the log line.

    It bypasses ``logging``, as the runtime would wrap the line and CloudWatch would find no metrics in it. Powertools
    builds the metrics objects in 0.12 ms per request but takes 110 ms to import, so it is imported only for
    ``METRICS=emf``.
    """

    def __init__(self, stage: str, write: Callable[[str], None]) -> None:
        self._stage = stage
        self._write = write
        self._emf = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, default_dimensions={"stage": stage})

    def record(self, observation: Observation) -> None:
        """Record one request."""
        if not observation.route.startswith(_UNCOUNTED):
            route = _UNKNOWN_ROUTE if observation.route == NO_ROUTE else observation.route
            self._emit(metrics_of(observation), route=route)
            for cause in sorted(causes_of(observation.facts)):
                self._emit([("Fallback.Count", _COUNT, 1)], cause=cause)
        self._write(_json(log_line(observation, self._stage)))

    def _emit(self, metrics: list[Metric], **dimension: str) -> None:
        """Write one EMF object: the metrics by stage, and by stage plus one more dimension."""
        for name, unit, value in metrics:
            self._emf.add_metric(name, unit, value)
        self._emf.add_dimensions(**dimension)
        self._write(_json(self._emf.serialize_metric_set()))
        self._emf.clear_metrics()


def print_line(line: str) -> None:
    """Write a line to standard output and flush, as a frozen function would not."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def metrics_of(observation: Observation) -> list[Metric]:
    """Return name, unit and value of the request's metrics."""
    stages, facts = observation.stages, observation.facts
    return [
        ("API.LatencyMs", _MS, observation.ms),
        ("API.RPS", _COUNT, 1),
        ("API.ErrorRate", _PERCENT, 100 if observation.status >= 500 else 0),
        *((name, _MS, round(stages[stage], 3)) for name, stage in _BY_STAGE.items() if stage in stages),
        *((name, _PERCENT, 100 if facts[fact] else 0) for name, fact in _BY_FACT.items() if fact in facts),
        *_of_model(observation),
    ]


def _of_model(observation: Observation) -> Iterator[Metric]:
    """Yield the metrics of the explanations, if any were to be written by a model."""
    counts = observation.facts.get("sentences")
    if not isinstance(counts, Mapping) or not counts.get("wanted"):
        return
    written = counts.get("model", 0) + counts.get("cached", 0)
    yield "Explain.LatencyMs", _MS, round(observation.stages.get("explain", 0.0), 3)
    yield "Explain.TemplatePct", _PERCENT, round(100 * (1 - written / counts["wanted"]), 2)
    yield "Explain.CachedPct", _PERCENT, round(100 * counts.get("cached", 0) / counts["wanted"], 2)
    yield from ((name, unit, round(counts[key], 6)) for name, (key, unit) in _OF_MODEL.items() if key in counts)


def causes_of(facts: Mapping[str, object]) -> set[str]:
    """Return the parts that failed, as names in ``CAUSES`` or "other"."""
    return {cause if cause in CAUSES else _OTHER for cause in _parts(facts)}


def _parts(facts: Mapping[str, object]) -> Iterator[str]:
    """Yield the part names: "search" for ``"search: timed out"``."""
    for fact in ("degraded", "edge_degraded"):
        reasons = facts.get(fact)
        if isinstance(reasons, list):
            yield from (str(reason).partition(":")[0] for reason in reasons)


def log_line(observation: Observation, stage: str) -> dict[str, object]:
    """Return the log line, with the usual keys of structured logs and the stages' milliseconds."""
    return {
        "level": "ERROR" if observation.status >= 500 else "INFO",
        "message": "request",
        "deployment": stage,
        **observation.line(),
        "stages": {name: round(spent, 2) for name, spent in observation.stages.items()},
    }


def _json(document: object) -> str:
    return json.dumps(document, separators=(",", ":"), default=str)
