"""Leave-one-out influence: by how much each ranked film's raw score falls without a film of the taste.

Weights and recency ranks are those of a person who never touched the film, under the same plan. All of them are
examined in one pass, and only films of the taste whose weight changes are scored again.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import distinct
from services.recommender.domain.weights import Weights
from services.recommender.signals import LeftOut, Mixture
from services.recommender.taste.fold_in import Taste, recency

# All films of a short taste are examined; of a longer one, for each ranked film, those that contribute most to first
# order, which include the most influential ones.
SHORT_TASTE = 60
EXAMINED = 12
# From this rank on (16 spans) recency has faded to its floor, so one rank more or less changes no weight.
FADED_SPANS = 16

Matrix = NDArray[np.float32]


def influences(
    constants: Weights, taste: Taste, mixture: Mixture, rows: NDArray[np.int32]
) -> tuple[NDArray[np.int32], dict[str, Matrix]]:
    """Return the films of the taste that were left out, int32[left out] (indices into it), and by signal how much the
    raw score of each ranked film (``rows``) falls without each, float32[left out, rows]; 0 if a film was not examined
    for the ranked one.
    """
    films, examined = _examined(taste, mixture, rows)
    parts = mixture.influence(rows, leave_out(taste, constants, films))
    return films, {name: np.where(examined, part, np.float32(0)) for name, part in parts.items()}


def largest(
    films: NDArray[np.int32], influence: Matrix, count: int, citable: NDArray[np.bool_] | None = None
) -> list[list[tuple[int, float]]]:
    """Return the most influential films for each ranked film, as (index into the taste, influence); positive ones
    only. ``influence`` float32[left out, ranked] of each of ``films``; ``citable`` bool[left out, ranked]: those that
    may be cited.
    """
    values = influence if citable is None else np.where(citable, influence, np.float32(0))
    by_film = np.ascontiguousarray(values.T)
    best = np.argsort(-by_film, axis=1, kind="stable")[:, :count]
    indices = films[best].tolist()
    highest = np.take_along_axis(by_film, best, axis=1).tolist()
    return [
        [(index, value) for index, value in zip(*pair, strict=True) if value > 0]
        for pair in zip(indices, highest, strict=True)
    ]


def _examined(taste: Taste, mixture: Mixture, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return which films of the taste to leave out, and for which ranked film (bool[left out, ranked]). Each
    ranked film has its own, so that its reasons do not depend on the rest of the list.
    """
    films = len(taste.rows)
    all_films = np.arange(films, dtype=np.int32)
    if films <= SHORT_TASTE:
        return all_films, np.ones((films, len(rows)), bool)
    terms = mixture.contributions(rows, films)
    examined = np.zeros(terms.shape, bool)
    np.put_along_axis(examined, np.argpartition(-terms, EXAMINED - 1, axis=0)[:EXAMINED], True, axis=0)
    left_out = np.flatnonzero(examined.any(axis=1)).astype(np.int32)
    return left_out, examined[left_out]


def leave_out(taste: Taste, constants: Weights, left_out: NDArray[np.int32]) -> LeftOut:
    """Return the tastes without one film each (``left_out`` int32, indices into the taste, ascending), with the weights
    as if that film had never been touched.
    """
    moved = left_out
    if len(left_out) < len(taste.rows):
        unfaded = np.flatnonzero(taste.ranks < FADED_SPANS * constants.recency_span)
        moved = distinct(np.concatenate([left_out, unfaded])).astype(np.int32)
    ranks = taste.ranks[moved]
    fade = recency(np.arange(int(taste.ranks.max()) + 1, dtype=np.int32), constants)
    weights = taste.base[moved] * fade[ranks - (ranks > taste.ranks[left_out, None])]
    weights[np.arange(len(left_out)), np.searchsorted(moved, left_out)] = 0
    change = weights - (taste.base * recency(taste.ranks, constants))[moved]
    return LeftOut(left_out, moved, np.asarray(change, np.float32))
