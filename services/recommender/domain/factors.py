"""Item factors of a truncated SVD of people's ratings: one direction per film, compared by cosine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ItemFactors:
    """``units`` float16[films, k]: each film's factors at unit length, all 0 for a film without ratings.

    Two bytes per number: the cosines of 62,000 films with k = 128 need 16 MB and are accurate to three digits.
    """

    units: NDArray[np.float16]

    @classmethod
    def of(cls, factors: NDArray[np.floating]) -> "ItemFactors":
        """Normalise factors, float[films, k]."""
        length = np.linalg.norm(factors, axis=1, keepdims=True)
        return cls(np.asarray(factors / np.where(length > 0, length, 1), np.float16))

    def rows(self, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the directions of some films, float32[rows, k]."""
        return self.units[rows].astype(np.float32)
