"""Time: a clock that tests can set, and the deadline every remote call takes."""

from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Time, so that tests can set it."""

    def now_ms(self) -> int:
        """Wall clock, epoch milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment by which a request must be answered; every remote call takes what is left of it."""

    clock: Clock
    at: float

    @classmethod
    def within(cls, clock: Clock, seconds: float) -> "Deadline":
        """A deadline so many seconds from now."""
        return cls(clock, clock.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - self.clock.monotonic())
