"""A rolling window of requests with an exact upper bound. Pure arithmetic; every store keeps the same counters.

The window is cut into 10 sub-buckets. Ten whole ones and the one under way are counted, because a window that
ends now begins somewhere inside the eleventh: so no window ever holds more than the limit, and at worst the
requests of one sub-bucket count a little longer than they must.
"""

from dataclasses import dataclass

from services.recommender.ports import Quota

SUB_BUCKETS = 10
COUNTED = SUB_BUCKETS + 1
# Clocks of several servers may differ by so much, in milliseconds.
SKEW_MS = 120_000


@dataclass(frozen=True, slots=True)
class Window:
    """``counts``: requests by sub-bucket, oldest first, the last being number ``latest`` (epoch ms / ``width_ms``)."""

    width_ms: int
    latest: int = 0
    counts: tuple[int, ...] = (0,) * COUNTED

    @classmethod
    def width_of(cls, window_s: int) -> int:
        """Milliseconds of a sub-bucket, rounded up so that ten are never less than the window."""
        return max(1, -(-window_s * 1_000 // SUB_BUCKETS))

    def at(self, now_ms: int) -> "Window":
        """The counters at a moment: old sub-buckets fall out. A caller a little late counts as the latest, or
        servers whose clocks differ would give each other fresh windows; a clock set back by more than a window and
        two minutes begins anew, lest it lock everybody out.
        """
        now = now_ms // self.width_ms
        steps = now - self.latest
        if steps >= COUNTED or -steps * self.width_ms > max(COUNTED * self.width_ms, SKEW_MS):
            return Window(self.width_ms, now)
        if steps <= 0:
            return self
        return Window(self.width_ms, now, self.counts[steps:] + (0,) * steps)

    def counted(self) -> "Window":
        """With one request more in the sub-bucket under way."""
        return Window(self.width_ms, self.latest, (*self.counts[:-1], self.counts[-1] + 1))

    def quota(self, allowed: bool, limit: int, now_ms: int) -> Quota:
        """The answer to the caller, who was counted if ``allowed``."""
        return Quota(allowed, limit, max(0, limit - sum(self.counts)), self._reset_s(limit, now_ms))

    def _reset_s(self, limit: int, now_ms: int) -> int:
        """Whole seconds until a sub-bucket in use falls out and leaves room."""
        left = sum(self.counts)
        oldest = self.latest - SUB_BUCKETS
        for number, count in enumerate(self.counts, start=oldest):
            left -= count
            if count and left < limit:
                gone_ms = (number + COUNTED) * self.width_ms
                return max(1, -(-(gone_ms - now_ms) // 1_000))
        return 0


def admit(window: Window, limit: int, now_ms: int) -> tuple[Window, Quota]:
    """The window after one more request, if there is room, and the answer."""
    window = window.at(now_ms)
    allowed = sum(window.counts) < limit
    if allowed:
        window = window.counted()
    return window, window.quota(allowed, limit, now_ms)
