"""The validation set: a fifth of the likes of everyone with five or more, hidden to compare epochs."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.train.ease import TrainingError
from data_jobs.train.interactions import Interactions

MIN_LIKES = 5
MIN_PEOPLE = 20
SHARE = 0.2
# Scores, people x films, that a validation computes at once.
MOST_SCORES = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """``rest``: the interactions without the hidden ones. ``people`` int32[n]: people to rank for; ``seen`` and
    ``relevant``, csr float32[n, films]: films to exclude, and hidden likes to find.
    """

    rest: Interactions
    people: NDArray[np.int32]
    seen: sp.csr_matrix
    relevant: sp.csr_matrix


def hide(interactions: Interactions, seed: int) -> Hidden:
    """Hide a random fifth of the likes of everyone with 5 or more, and a random fifth of their other events, which
    are then not among the seen films either. Raises TrainingError if fewer than 20 people have 5 likes.
    """
    likes = np.bincount(interactions.person[interactions.liked], minlength=interactions.people)
    people = np.flatnonzero(likes >= MIN_LIKES)
    if len(people) < MIN_PEOPLE:
        raise TrainingError(
            f"only {len(people)} people have {MIN_LIKES} likes or more: at least {MIN_PEOPLE} are needed to "
            "validate a two-tower model; the tables of `marquee build` need none"
        )
    rng = np.random.default_rng((seed, 1))
    chance = rng.random(len(interactions))
    hidden = _fifth(interactions, chance, interactions.liked) | _fifth(interactions, chance, ~interactions.liked)
    hidden &= likes[interactions.person] >= MIN_LIKES
    most = max(MIN_PEOPLE, MOST_SCORES // max(interactions.films, 1))
    if len(people) > most:
        people = np.sort(rng.choice(people, most, replace=False))
    rest = interactions.take(~hidden)
    seen, hidden_likes = _ones(rest), _ones(interactions.take(hidden & interactions.liked))
    return Hidden(rest, people.astype(np.int32), seen[people], hidden_likes[people])


def _fifth(interactions: Interactions, chance: NDArray[np.float64], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask of a fifth (rounded) of each person's entries in ``among``: those with the smallest ``chance``."""
    at = np.flatnonzero(among)
    at = at[np.lexsort((chance[at], interactions.person[at]))]
    counts = np.bincount(interactions.person[at], minlength=interactions.people)
    place = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = np.zeros(len(interactions), bool)
    chosen[at[place < np.rint(SHARE * counts)[interactions.person[at]]]] = True
    return chosen


def _ones(events: Interactions) -> sp.csr_matrix:
    values = np.ones(len(events), np.float32)
    return sp.csr_matrix((values, (events.person, events.film)), shape=(events.people, events.films))
