"""Popularity: how many people like a film, with a small weight on votes to order unrated films. Acclaim: the same for
catalogues with votes but no people.
"""

import numpy as np
from numpy.typing import NDArray

BEST = 50
# Votes count half a like at most: they only order films of equal likes.
VOTES_WORTH = 0.5


def popularity(likes: NDArray[np.int64], votes: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return (likes + .5 log(1 + votes) / log(1 + most votes)) / (the mean of the best 50), float32[films].

    All zeros if there is neither a like nor a vote.
    """
    fame = np.log1p(np.maximum(votes, 0).astype(np.float64))
    raw = likes + VOTES_WORTH * fame / max(float(fame.max(initial=0)), 1e-9)
    best = float(np.sort(raw)[-BEST:].mean()) if len(raw) else 0.0
    return (raw / best if best > 0 else raw).astype(np.float32)


def acclaim(votes: NDArray[np.float64], averages: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return log(1 + votes) x average squared, divided by the mean of the best 50, float32[films]: a film's prior if
    few or no people have rated here. A film without an average gets the mean of the others.

    Of the products tried on a catalogue without ratings, the one with the squared average served people best.
    """
    is_rated = np.isfinite(averages)
    filled = np.where(is_rated, averages, averages[is_rated].mean() if is_rated.any() else 1.0)
    raw = np.log1p(np.maximum(votes, 0)) * filled**2
    best = float(np.sort(raw)[-BEST:].mean()) if len(raw) else 0.0
    return np.asarray(raw / best if best > 0 else raw, np.float32)
