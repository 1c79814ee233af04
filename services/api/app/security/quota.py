"""Quota enforcement: ask the store, or count in this process if it is down, and set the RateLimit headers."""

from dataclasses import dataclass, field

from services.api.app.context import RequestContext
from services.api.app.edge import Edge
from services.recommender.errors import QuotaExceeded, StateBusy, Unavailable
from services.recommender.ports import ApiKey, Clock, Quota, QuotaPort
from services.recommender.quota_window import COUNTED, Window, admit


@dataclass(slots=True)
class Counts:
    """Requests of one key. ``stored``: those in the store's last reply, all counted as of that time, since the reply
    does not say when they came. ``local``: those admitted while the store was down, which it does not know about.
    """

    stored: Window
    local: Window

    @classmethod
    def of(cls, width_ms: int) -> "Counts":
        """Return empty counts."""
        return cls(Window(width_ms), Window(width_ms))

    def at(self, now_ms: int) -> Window:
        """Return the sum of both."""
        latest = max(self.stored.at(now_ms).latest, self.local.at(now_ms).latest)
        counts = [each.at(latest * each.width_ms).counts for each in (self.stored, self.local)]
        return Window(self.stored.width_ms, latest, tuple(map(sum, zip(*counts, strict=True))))


@dataclass(slots=True)
class LocalQuota:
    """The stores' quota algorithm in memory, for use while a store is down: it continues from the store's last count,
    and the requests it admitted still count when the store is back.
    """

    _counts: dict[str, Counts] = field(default_factory=dict)

    def admit(self, key_id: str, limit: int, window_s: int, now_ms: int) -> Quota:
        """Count one request if the window has room."""
        counts = self._of(key_id, window_s)
        after, quota = admit(counts.at(now_ms), limit, now_ms)
        if quota.allowed:
            counts.local = counts.local.at(after.latest * after.width_ms).counted()
        return quota

    def confirm(self, key_id: str, stored: Quota, window_s: int, now_ms: int) -> Quota:
        """Return the store's reply, less the requests it does not know about."""
        counts = self._of(key_id, window_s)
        used, now = stored.limit - stored.remaining, now_ms // counts.stored.width_ms
        if now == counts.stored.latest:
            used = max(used, counts.stored.counts[-1])  # replies may arrive out of order
        counts.stored = Window(counts.stored.width_ms, now, (*(0,) * (COUNTED - 1), used))
        if not any(counts.local.at(now_ms).counts):
            return stored
        total = counts.at(now_ms)
        return total.quota(stored.allowed and sum(total.counts) <= stored.limit, stored.limit, now_ms)

    def _of(self, key_id: str, window_s: int) -> Counts:
        width_ms = Window.width_of(window_s)
        counts = self._counts.get(key_id)
        if counts is None or counts.stored.width_ms != width_ms:
            counts = self._counts[key_id] = Counts.of(width_ms)
        return counts


@dataclass(slots=True)
class QuotaGuard:
    """Admits a key's requests; ``store`` None: this process counts by itself."""

    store: QuotaPort | None
    clock: Clock
    edge: Edge
    local: LocalQuota = field(default_factory=LocalQuota)

    async def admit(self, key: ApiKey, context: RequestContext) -> None:
        """Count one request of the key and set its headers.

        Raises QuotaExceeded; Overloaded and StateBusy under too much load, which must not open a second window locally.
        """
        if not key.limit:
            return
        quota = await self._ask(key, context)
        context.headers += [
            (b"ratelimit", f'"default";r={quota.remaining};t={quota.reset_s}'.encode()),
            (b"ratelimit-policy", f'"default";q={key.limit};w={key.window_s}'.encode()),
        ]
        if not quota.allowed:
            raise QuotaExceeded(
                f"this key's quota of {key.limit} requests in {key.window_s} s is used up; "
                f"try again in {quota.reset_s} s",
                max(1, quota.reset_s),
            )

    async def _ask(self, key: ApiKey, context: RequestContext) -> Quota:
        now_ms = self.clock.now_ms()
        if self.store is not None:
            try:
                stored = await self.edge.blocking(self.store.admit, key.key_id, key.limit, key.window_s, now_ms)
                return self.local.confirm(key.key_id, stored, key.window_s, now_ms)
            except StateBusy:
                raise
            except Unavailable:
                context.degrade("quota")
        return self.local.admit(key.key_id, key.limit, key.window_s, now_ms)
