"""Rolling request window with an exact upper bound. Pure arithmetic, shared by all stores.

The window has 10 sub-buckets. Ten complete ones and the current one are counted, as a window ending now begins inside
the eleventh: so no window ever holds more than the limit, and at worst the requests of one sub-bucket count slightly
longer than necessary.
"""

from dataclasses import dataclass

from services.recommender.ports import Quota

SUB_BUCKETS = 10
COUNTED = SUB_BUCKETS + 1
# Tolerated clock difference between servers, in milliseconds.
SKEW_MS = 120_000


@dataclass(frozen=True, slots=True)
class Window:
    """``counts``: requests by sub-bucket, oldest first, the last being number ``latest`` (epoch ms / ``width_ms``)."""

    width_ms: int
    latest: int = 0
    counts: tuple[int, ...] = (0,) * COUNTED

    @classmethod
    def width_of(cls, window_s: int) -> int:
        """Return the milliseconds of a sub-bucket, rounded up so that ten are never less than the window."""
        return max(1, -(-window_s * 1_000 // SUB_BUCKETS))

    def at(self, now_ms: int) -> "Window":
        """Return the counters at a given time: old sub-buckets drop out. A slightly late caller counts as the latest,
        as servers with different clocks would otherwise give each other fresh windows; a clock set back by more than a
        window and two minutes starts afresh, so that it does not lock everyone out.
        """
        now = now_ms // self.width_ms
        steps = now - self.latest
        if steps >= COUNTED or -steps * self.width_ms > max(COUNTED * self.width_ms, SKEW_MS):
            return Window(self.width_ms, now)
        if steps <= 0:
            return self
        return Window(self.width_ms, now, self.counts[steps:] + (0,) * steps)

    def counted(self) -> "Window":
        """Return the window with one more request in the current sub-bucket."""
        return Window(self.width_ms, self.latest, (*self.counts[:-1], self.counts[-1] + 1))

    def quota(self, allowed: bool, limit: int, now_ms: int) -> Quota:
        """Return the result for the caller, who was counted if ``allowed``."""
        return Quota(allowed, limit, max(0, limit - sum(self.counts)), self._reset_s(limit, now_ms))

    def _reset_s(self, limit: int, now_ms: int) -> int:
        """Return whole seconds until a used sub-bucket drops out and leaves room."""
        remaining = sum(self.counts)
        oldest = self.latest - SUB_BUCKETS
        for number, count in enumerate(self.counts, start=oldest):
            remaining -= count
            if count and remaining < limit:
                dropped_ms = (number + COUNTED) * self.width_ms
                return max(1, -(-(dropped_ms - now_ms) // 1_000))
        return 0


def admit(window: Window, limit: int, now_ms: int) -> tuple[Window, Quota]:
    """Return the window after one more request, if there is room, and the result."""
    window = window.at(now_ms)
    allowed = sum(window.counts) < limit
    if allowed:
        window = window.counted()
    return window, window.quota(allowed, limit, now_ms)
