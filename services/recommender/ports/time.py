"""Ports for time: a clock that tests can set, and the deadline passed to every remote call."""

from dataclasses import dataclass
from typing import Protocol


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
