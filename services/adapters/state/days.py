"""Days for counting tokens."""

from datetime import UTC, datetime

# A count is only used on its day; the margin covers clocks that are hours behind.
DAY_KEPT_S = 3 * 86_400


def day_of(now_ms: int) -> str:
    """Return the day in UTC, "2026-11-28"."""
    return datetime.fromtimestamp(now_ms / 1_000, UTC).date().isoformat()
