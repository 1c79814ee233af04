"""Milliseconds by stage, for Server-Timing and the trace; and when each stage was, for those who record spans."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import NamedTuple

from services.recommender.ports import Clock


class Span(NamedTuple):
    """A piece of work: ``begin`` and ``end`` in seconds of the machine's monotonic clock."""

    name: str
    begin: float
    end: float


# Of the request at hand; None, which is the rule: nobody records.
_spans: ContextVar[list[Span] | None] = ContextVar("spans", default=None)


def record_spans() -> list[Span]:
    """Record the spans of this context from now on, in the order in which they end, into the list that is returned."""
    spans: list[Span] = []
    _spans.set(spans)
    return spans


@contextmanager
def span(name: str) -> Iterator[None]:
    """Record a block, if anybody records."""
    spans = _spans.get()
    begin = perf_counter()
    try:
        yield
    finally:
        if spans is not None:
            spans.append(Span(name, begin, perf_counter()))


class Stopwatch:
    """``stages``: name -> milliseconds; blocks of one name add up. Each block is a span, too."""

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
