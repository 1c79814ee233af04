"""The validation set: a fifth of the likes of everyone with five or more, hidden to judge the epochs of a training."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.train.ease import TrainingError
from data_jobs.train.interactions import Interactions

MIN_LIKES = 5
MIN_PEOPLE = 20
SHARE = 0.2
# Number of scores, people x films, that a validation computes at once.
MOST_SCORES = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """``rest``: the interactions without the hidden ones. ``people`` int32[n]: whom to rank for; ``seen`` and
    ``wanted``, csr float32[n, films]: films to leave out, and films to find.
    """

    rest: Interactions
    people: NDArray[np.int32]
    seen: sp.csr_matrix
    wanted: sp.csr_matrix


def hide(whole: Interactions, seed: int) -> Hidden:
    """Hide a random fifth of the likes of everyone with 5 or more, and a random fifth of their other events, which
    leave the mask of seen films as well. Raises TrainingError if fewer than 20 people have 5 likes.
    """
    likes = np.bincount(whole.person[whole.liked], minlength=whole.people)
    people = np.flatnonzero(likes >= MIN_LIKES)
    if len(people) < MIN_PEOPLE:
        raise TrainingError(
            f"only {len(people)} people have {MIN_LIKES} likes or more: at least {MIN_PEOPLE} are needed to tell "
            "whether a two-tower model learns anything; the tables of `marquee build` need none"
        )
    rng = np.random.default_rng((seed, 1))
    chance = rng.random(len(whole))
    gone = _fifth(whole, chance, whole.liked) | _fifth(whole, chance, ~whole.liked)
    gone &= likes[whole.person] >= MIN_LIKES
    most = max(MIN_PEOPLE, MOST_SCORES // max(whole.films, 1))
    if len(people) > most:
        people = np.sort(rng.choice(people, most, replace=False))
    rest = whole.take(~gone)
    seen, hidden_likes = _marks(rest), _marks(whole.take(gone & whole.liked))
    return Hidden(rest, people.astype(np.int32), seen[people], hidden_likes[people])


def _fifth(whole: Interactions, chance: NDArray[np.float64], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a fifth (rounded) of each person's entries under a mask: those with the smallest ``chance``."""
    at = np.flatnonzero(among)
    at = at[np.lexsort((chance[at], whole.person[at]))]
    counts = np.bincount(whole.person[at], minlength=whole.people)
    place = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = np.zeros(len(whole), bool)
    chosen[at[place < np.rint(SHARE * counts)[whole.person[at]]]] = True
    return chosen


def _marks(events: Interactions) -> sp.csr_matrix:
    ones = np.ones(len(events), np.float32)
    return sp.csr_matrix((ones, (events.person, events.film)), shape=(events.people, events.films))
