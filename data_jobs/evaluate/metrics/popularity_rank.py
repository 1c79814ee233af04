"""Popularity rank: how well known the recommended films are; 1 is the most liked film of the training part.

.. math:: PR(u) = \\frac{1}{|L(u)|} \\sum_{i \\in L(u)} rank(i)

A list of the ten most popular films has 5.5. Larger means further down the long tail.

Source: O. Celma, P. Herrera, "A new approach to evaluating novel recommendations", RecSys 2008 (popularity rank of
recommended items); the measure by rank avoids the skew of like counts.
"""

import numpy as np
from numpy.typing import NDArray


def popularity_ranks(popularity: NDArray[np.float32] | NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the rank of each film, int32[films], 1 for the largest ``popularity``; ties by row."""
    ranks = np.empty(len(popularity), np.int32)
    ranks[np.argsort(-popularity, kind="stable")] = np.arange(1, len(popularity) + 1, dtype=np.int32)
    return ranks


def mean_rank(ranked: NDArray[np.int32], ranks: NDArray[np.int32]) -> float:
    """Return the mean rank of a list's films, >= 1; 0 for an empty list."""
    return float(ranks[ranked].mean()) if len(ranked) else 0.0


def median_rank(ranked: NDArray[np.int32], ranks: NDArray[np.int32]) -> float:
    """Return the median rank of a list's films, >= 1, robust to single obscure films; 0 for an empty list."""
    return float(np.median(ranks[ranked])) if len(ranked) else 0.0


def share_of_best_known(ranked: NDArray[np.int32], ranks: NDArray[np.int32], count: int) -> float:
    """Return the share of a list that is among the ``count`` best known films; 0 ... 1, 0 for an empty list."""
    return float((ranks[ranked] <= count).mean()) if len(ranked) else 0.0
