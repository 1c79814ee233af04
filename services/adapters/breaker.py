"""Circuit breaker: a dependency that keeps failing is not called for a while, so that it costs requests nothing.

Source: M. Nygard, "Release It!", chapter "Stability Patterns".
"""

import threading
from dataclasses import dataclass

from services.recommender.ports import Clock

FAILURES = 5
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 30.0


class Breaker:
    """Closed: calls pass. Open, after ``failures`` in a row: no calls for ``first_pause_s``, doubled each further time
    up to ``longest_pause_s``. Half-open: after the pause one trial call passes, and its outcome closes or reopens the
    breaker.

    If a trial's outcome is never reported, another trial is allowed after a further pause. Thread-safe.
    """

    def __init__(
        self,
        clock: Clock,
        failures: int = FAILURES,
        first_pause_s: float = FIRST_PAUSE_S,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        self._clock = clock
        self._limit = failures
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._lock = threading.Lock()
        self._failures = 0
        self._pause_s = 0.0
        self._open_until: float | None = None
        self._generation = 0

    def attempt(self) -> "Attempt | None":
        """Return a permit for one call; None while the dependency is not called."""
        with self._lock:
            if self._open_until is not None:
                now = self._clock.monotonic()
                if now < self._open_until:
                    return None
                # This call is the trial; if its outcome is not reported by then, another trial is allowed.
                self._open_until = now + self._pause_s
                self._generation += 1
            return Attempt(self, self._generation)

    def report(self, generation: int, succeeded: bool) -> None:
        """Report the outcome of an attempt; ignored if the breaker has changed since it began."""
        with self._lock:
            if generation != self._generation:
                return
            if succeeded:
                self._close()
            else:
                self._count_failure()

    def _close(self) -> None:
        if self._open_until is not None:
            self._generation += 1
        self._failures, self._pause_s, self._open_until = 0, 0.0, None

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures < self._limit:
            return
        self._generation += 1
        self._pause_s = min(max(2 * self._pause_s, self._first_pause_s), self._longest_pause_s)
        self._open_until = self._clock.monotonic() + self._pause_s


@dataclass(frozen=True, slots=True)
class Attempt:
    """A permitted call; report its outcome once."""

    breaker: Breaker
    generation: int

    def succeeded(self) -> None:
        """Report that the dependency responded."""
        self.breaker.report(self.generation, True)

    def failed(self) -> None:
        """Report that the dependency failed or was late."""
        self.breaker.report(self.generation, False)
