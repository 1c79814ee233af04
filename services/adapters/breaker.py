"""A circuit breaker: a dependency that keeps failing is left alone for a while, so that it costs a request nothing.

Source: M. Nygard, "Release It!", chapter "Stability Patterns".
"""

import threading
from dataclasses import dataclass

from services.recommender.ports import Clock

FAILURES = 5
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 30.0


class Breaker:
    """Closed: calls go through. Open: none does, after ``failures`` in a row, for ``first_pause_s`` and twice as long
    each further time, up to ``longest_pause_s``. Half-open: when the pause is over one call is let through, and its
    outcome closes the breaker or opens it again.

    A trial whose outcome is never reported gives way to another after a further pause. Safe to share by threads.
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

    @property
    def is_open(self) -> bool:
        """Whether calls are held back; also while a trial is under way."""
        return self._open_until is not None

    def attempt(self) -> "Attempt | None":
        """Leave to call, to be told the outcome; None while the dependency is left alone."""
        with self._lock:
            if self._open_until is not None:
                now = self._clock.monotonic()
                if now < self._open_until:
                    return None
                # This call is the trial; the next one may come when its outcome has not been told by then.
                self._open_until = now + self._pause_s
                self._generation += 1
            return Attempt(self, self._generation)

    def report(self, generation: int, succeeded: bool) -> None:
        """The outcome of an attempt; one that began before the breaker last changed says nothing about now."""
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
    """One call that the breaker let through; report its outcome once."""

    breaker: Breaker
    generation: int

    def succeeded(self) -> None:
        """The dependency answered."""
        self.breaker.report(self.generation, True)

    def failed(self) -> None:
        """The dependency did not answer, answered too late, or said that it can't."""
        self.breaker.report(self.generation, False)
