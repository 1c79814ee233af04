"""A mean and how far to trust it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]

_SAMPLES, _SEED = 200, 19_790_101


@dataclass(frozen=True, slots=True)
class Estimate:
    """``mean`` over ``n`` people (or queries, films), and its standard error: sample deviation / sqrt(n). Of
    ``of_median`` it is the median.
    """

    mean: float
    se: float
    n: int

    @classmethod
    def of(cls, values: Figures) -> "Estimate":
        """The estimate of some figures; 0 of none, and no error to speak of with fewer than two."""
        n = len(values)
        if n == 0:
            return cls(0.0, 0.0, 0)
        se = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
        return cls(float(values.mean()), se, n)

    @classmethod
    def by_person(cls, values: Figures, people: NDArray[np.intp]) -> "Estimate":
        """The mean over people of each one's own mean: several figures of a person are not independent. ``people``
        int[n]: whose each figure is.
        """
        _, whose, counts = np.unique(people, return_inverse=True, return_counts=True)
        return cls.of(np.bincount(whose, values, len(counts)) / counts)

    @classmethod
    def of_median(cls, values: Figures) -> "Estimate":
        """The median, for figures with a long tail, and its standard error: the deviation of the medians of 200
        samples with replacement, drawn by a fixed seed (B. Efron, "Bootstrap methods", 1979).
        """
        n = len(values)
        if n == 0:
            return cls(0.0, 0.0, 0)
        drawn = np.random.default_rng(_SEED).integers(n, size=(_SAMPLES, n))
        return cls(float(np.median(values)), float(np.median(values[drawn], axis=1).std(ddof=1)), n)

    @classmethod
    def of_difference(cls, values: Figures, others: Figures) -> "Estimate":
        """The mean difference of two models on the same people: the paired error is the smaller one.

        Raises ValueError for figures of different length.
        """
        if len(values) != len(others):
            raise ValueError(f"figures of {len(values)} and of {len(others)} people can't be paired")
        return cls.of(values - others)

    def above(self, errors: float) -> bool:
        """Whether a difference is above 0 by more than so many standard errors (negative: not below by more)."""
        return self.mean > errors * self.se

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.se:.4f}"
