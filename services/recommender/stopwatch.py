"""Milliseconds by stage, for Server-Timing and the trace."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.recommender.ports import Clock


class Stopwatch:
    """``stages``: name -> milliseconds; blocks of one name add up."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.monotonic
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block under a name."""
        start = self._now()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + (self._now() - start) * 1_000
