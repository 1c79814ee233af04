"""Monotonic arrival numbers and ids: events of equal time keep the order they came in."""

import secrets
import threading

from services.recommender.ports import Clock

# A million arrivals per millisecond; with epoch milliseconds above them, numbers fit in 63 bits for centuries.
_COUNTER_BITS = 20


class Arrivals:
    """Strictly increasing within a process, even if the clock is set back; ordered by the clock across processes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        """Return the number of the next arrival: epoch milliseconds, shifted, plus a counter."""
        with self._lock:
            self._last = max(self._last + 1, self._clock.now_ms() << _COUNTER_BITS)
            return self._last


def event_id_of(arrival: int) -> str:
    """Return a new id, 32 hex digits: the arrival, so that ids sort by it, and 64 random bits."""
    return f"{arrival:016x}{secrets.token_hex(8)}"
