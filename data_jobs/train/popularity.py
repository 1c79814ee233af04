"""Popularity: how many people like a film, with votes far below to order the films nobody rated."""

import numpy as np
from numpy.typing import NDArray

from data_jobs.train.interactions import Interactions

BEST = 50
# All votes of the world are worth half a like: they order films of equal likes and change no other order.
VOTES_WORTH = 0.5
# Events after which a film is a third as new as one that nobody has touched.
NOVELTY_EVENTS = 2.0


def popularity(likes: NDArray[np.int64], votes: NDArray[np.int32]) -> NDArray[np.float32]:
    """(likes + .5 log(1 + votes) / log(1 + most votes)) / (the mean of the best 50), float32[films].

    All zeros where there is neither a like nor a vote.
    """
    fame = np.log1p(np.maximum(votes, 0).astype(np.float64))
    raw = likes + VOTES_WORTH * fame / max(float(fame.max(initial=0)), 1e-9)
    best = float(np.sort(raw)[-BEST:].mean()) if len(raw) else 0.0
    return (raw / best if best > 0 else raw).astype(np.float32)


def novelty(interactions: Interactions) -> NDArray[np.float32]:
    """exp(-events / 2) of each film, float32[films]: where the tables have nothing to go by, content may speak."""
    events = np.bincount(interactions.film, minlength=interactions.films)
    return np.exp(-events / NOVELTY_EVENTS).astype(np.float32)
