"""A mean and its standard error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]

_SAMPLES, _SEED = 200, 19_790_101


@dataclass(frozen=True, slots=True)
class Estimate:
    """``mean`` over ``n`` people (or queries, films) and its standard error, sample deviation / sqrt(n). ``of_median``
    has the median in ``mean``.
    """

    mean: float
    se: float
    n: int

    @classmethod
    def of(cls, values: Figures) -> "Estimate":
        """Return the estimate of ``values``: 0 for none, standard error 0 for fewer than two."""
        n = len(values)
        if n == 0:
            return cls(0.0, 0.0, 0)
        se = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
        return cls(float(values.mean()), se, n)

    @classmethod
    def by_person(cls, values: Figures, people: NDArray[np.intp]) -> "Estimate":
        """Return the mean over people of each person's mean, as several figures of one person are not independent.
        ``people`` int[n]: the person of each figure.
        """
        _, whose, counts = np.unique(people, return_inverse=True, return_counts=True)
        return cls.of(np.bincount(whose, values, len(counts)) / counts)

    @classmethod
    def of_median(cls, values: Figures) -> "Estimate":
        """Return the median, for figures with a long tail, and its standard error: the deviation of the medians of 200
        bootstrap samples, drawn by a fixed seed (B. Efron, "Bootstrap methods", 1979).
        """
        n = len(values)
        if n == 0:
            return cls(0.0, 0.0, 0)
        drawn = np.random.default_rng(_SEED).integers(n, size=(_SAMPLES, n))
        return cls(float(np.median(values)), float(np.median(values[drawn], axis=1).std(ddof=1)), n)

    @classmethod
    def of_difference(cls, values: Figures, others: Figures) -> "Estimate":
        """Return the mean difference of two models on the same people, with its paired standard error.

        Raises ValueError for figures of different length.
        """
        if len(values) != len(others):
            raise ValueError(f"figures of {len(values)} and of {len(others)} people cannot be paired")
        return cls.of(values - others)

    def above(self, errors: float) -> bool:
        """Return whether it is above 0 by more than ``errors`` standard errors; if negative, not below by more."""
        return self.mean > errors * self.se

    @property
    def percent(self) -> str:
        """Return a share as "98.3% ± 0.2%"."""
        return f"{self.mean:.1%} ± {self.se:.1%}"

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.se:.4f}"
