"""The quota at the edge: ask the store, else count in this process, and say it in the RateLimit headers."""

from dataclasses import dataclass, field

from services.adapters.state.window import Window, admit
from services.api.app.context import Context
from services.api.app.runner import Runner
from services.recommender.errors import QuotaExceeded, Unavailable
from services.recommender.ports import ApiKey, Clock, Quota, QuotaPort


@dataclass(slots=True)
class LocalQuota:
    """The stores' own quota law, in memory."""

    _windows: dict[str, Window] = field(default_factory=dict)

    def admit(self, key_id: str, limit: int, window_s: int, now_ms: int) -> Quota:
        """Count one request if the window has room."""
        width_ms = Window.width_of(window_s)
        before = self._windows.get(key_id)
        if before is None or before.width_ms != width_ms:
            before = Window(width_ms)
        self._windows[key_id], quota = admit(before, limit, now_ms)
        return quota


@dataclass(slots=True)
class QuotaGuard:
    """Admits a key's requests; ``store`` None: this process counts for itself."""

    store: QuotaPort | None
    clock: Clock
    runner: Runner
    local: LocalQuota = field(default_factory=LocalQuota)

    async def admit(self, key: ApiKey, context: Context) -> None:
        """Count one request of the key and note its headers. Raises QuotaExceeded."""
        if not key.limit:
            return
        quota = await self._ask(key, context)
        context.headers += [
            (b"ratelimit", f'"default";r={quota.remaining};t={quota.reset_s}'.encode()),
            (b"ratelimit-policy", f'"default";q={key.limit};w={key.window_s}'.encode()),
        ]
        if not quota.allowed:
            raise QuotaExceeded(
                f"{key.limit} requests in {key.window_s} s are used up; try again in {quota.reset_s} s",
                max(1, quota.reset_s),
            )

    async def _ask(self, key: ApiKey, context: Context) -> Quota:
        now_ms = self.clock.now_ms()
        if self.store is not None:
            try:
                return await self.runner.blocking(self.store.admit, key.key_id, key.limit, key.window_s, now_ms)
            except Unavailable:
                context.degrade("quota")
        return self.local.admit(key.key_id, key.limit, key.window_s, now_ms)
