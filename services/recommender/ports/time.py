"""Time: the port for a clock that tests can set, the deadline passed to every remote call, and the stopwatch.

A stopwatch gives milliseconds by stage, for Server-Timing and the log; each timed block is also a span, for tracing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple, Protocol


class Clock(Protocol):
    """Source of time that tests can replace."""

    def now_ms(self) -> int:
        """Return wall-clock time in epoch milliseconds."""
        ...

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Deadline:
    """Time by which a request must be answered; remote calls are limited to what remains of it."""

    clock: Clock
    at: float

    @classmethod
    def within(cls, clock: Clock, seconds: float) -> "Deadline":
        """Return a deadline this many seconds from now."""
        return cls(clock, clock.monotonic() + seconds)

    def remaining(self) -> float:
        """Return the seconds left, never negative."""
        return max(0.0, self.at - self.clock.monotonic())


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
