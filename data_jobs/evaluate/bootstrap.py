"""Bootstrap intervals of a mean over people.

People are drawn with replacement, as many as there are; the interval holds the middle 95 % of the means. A paired
difference has one value per person, the difference of two models, so that variation between people cancels out.

Source: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979 (percentile
intervals: B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLES = 2_000
LEVEL = 0.95
_SEED = 19_790_101
_DRAWN_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """``mean`` over ``n`` people; ``low`` and ``high`` bound 95 % of the bootstrap means."""

    mean: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> "Interval":
        """Return the interval of one figure per person; nan is ignored. The same figures give the same interval."""
        figures = values[~np.isnan(values)]
        if not len(figures):
            return cls(0.0, 0.0, 0.0, 0)
        low, high = np.quantile(_means(figures), ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
        return cls(float(figures.mean()), float(low), float(high), len(figures))

    @property
    def clear(self) -> bool:
        """Return whether the interval excludes 0."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of the samples, float64[2000], drawn in blocks that fit in memory."""
    rng, n = np.random.default_rng(_SEED), len(values)
    at_once = max(1, _DRAWN_AT_ONCE // n)
    blocks = [min(at_once, SAMPLES - start) for start in range(0, SAMPLES, at_once)]
    return np.concatenate([values[rng.integers(n, size=(block, n))].mean(axis=1) for block in blocks])
