"""Turn times into figures: percentiles of a pass, and the median over several passes."""

from collections.abc import Iterable, Sequence
from statistics import median

import numpy as np

Figures = dict[str, float]


def percentiles(seconds: Sequence[float]) -> Figures:
    """Return ``{n, p50, p95, p99}`` in milliseconds; ``{n: 0}`` for no times."""
    if not seconds:
        return {"n": 0}
    p50, p95, p99 = np.percentile(np.asarray(seconds) * 1_000, [50, 95, 99]).tolist()
    return {"n": len(seconds), "p50": round(p50, 3), "p95": round(p95, 3), "p99": round(p99, 3)}


def over_passes(passes: Iterable[Figures]) -> Figures:
    """Return the median over passes of each figure that every pass has; ``n`` is summed."""
    all_passes = list(passes)
    names = [name for name in (all_passes[0] if all_passes else {}) if all(name in figures for figures in all_passes)]
    merged = {name: round(median(figures[name] for figures in all_passes), 3) for name in names}
    if "n" in merged:
        merged["n"] = sum(figures["n"] for figures in all_passes)
    return merged
