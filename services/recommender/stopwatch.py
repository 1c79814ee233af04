"""Timing: milliseconds by stage, for Server-Timing and the log, and spans for tracing."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import NamedTuple

from services.recommender.ports import Clock


class Span(NamedTuple):
    """A timed block: ``begin`` and ``end`` in seconds of the monotonic clock."""

    name: str
    begin: float
    end: float


# Spans of the current request; None (usually) if they are not recorded.
_spans: ContextVar[list[Span] | None] = ContextVar("spans", default=None)


def record_spans() -> list[Span]:
    """Record the spans of this context from now on; return the list they are added to, in the order they end."""
    spans: list[Span] = []
    _spans.set(spans)
    return spans


@contextmanager
def span(name: str) -> Iterator[None]:
    """Record a block as a span, if spans are recorded."""
    spans = _spans.get()
    begin = perf_counter()
    try:
        yield
    finally:
        if spans is not None:
            spans.append(Span(name, begin, perf_counter()))


class Stopwatch:
    """``stages``: name -> milliseconds; blocks of one name add up. Each block is also a span."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.monotonic
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block under a name."""
        start = self._now()
        try:
            with span(name):
                yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + (self._now() - start) * 1_000
