"""The day that tokens are counted by."""

from datetime import UTC, datetime

# A count is looked at on its day only; a clock that is hours behind still finds it.
DAY_KEPT_S = 3 * 86_400


def day_of(now_ms: int) -> str:
    """The day in UTC, "2026-11-28"."""
    return datetime.fromtimestamp(now_ms / 1_000, UTC).date().isoformat()
