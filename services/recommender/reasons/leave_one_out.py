"""Leave-one-out influence: by how much each ranked film's raw score falls without a film of the taste.

Weights and recency ranks are those of a person who never touched the film, under the same plan. All suspects are left
out at once, and only films of the taste whose weight changes are scored again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.distinct import distinct
from services.recommender.domain.weights import Weights
from services.recommender.signals import LeftOut, Mixture
from services.recommender.taste.fold_in import Taste, recency

# Suspects: all films of a short taste; in a longer one, for each ranked film, those contributing most to first order,
# which include the largest falls.
SHORT_TASTE = 60
SUSPECTS = 12
# From this rank on (16 spans) recency has faded to its floor, so one rank more or less changes no weight.
FADED_SPANS = 16

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Falls:
    """``falls`` float32[suspects, films]: by how much each film's raw score falls without the suspect, an index into
    the taste's films (``suspects`` int32); 0 if the suspect was not examined for the film.
    """

    suspects: NDArray[np.int32]
    falls: Matrix

    def largest(self, count: int, citable: NDArray[np.bool_] | None = None) -> list[list[tuple[int, float]]]:
        """Return each film's largest positive falls: (index into the taste, fall). ``citable`` bool[suspects, films]:
        those that may be cited.
        """
        falls = self.falls if citable is None else np.where(citable, self.falls, np.float32(0))
        by_film = np.ascontiguousarray(falls.T)
        best = np.argsort(-by_film, axis=1, kind="stable")[:, :count]
        indices = self.suspects[best].tolist()
        largest = np.take_along_axis(by_film, best, axis=1).tolist()
        return [
            [(index, fall) for index, fall in zip(*pair, strict=True) if fall > 0]
            for pair in zip(indices, largest, strict=True)
        ]


def find_falls(constants: Weights, taste: Taste, mixture: Mixture, rows: NDArray[np.int32]) -> dict[str, Falls]:
    """Return the falls of the films ``rows``, by signal."""
    suspects, looked_at = _suspects(taste, mixture, rows)
    left_out = leave_out(taste, constants, suspects)
    parts = mixture.falls(rows, left_out)
    return {name: Falls(suspects, np.where(looked_at, part, np.float32(0))) for name, part in parts.items()}


def _suspects(taste: Taste, mixture: Mixture, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return which films of the taste to leave out, and for which ranked film (bool[suspects, films]). Each film has
    its own suspects, so that its reasons do not depend on the rest of the list.
    """
    films = len(taste.rows)
    everybody = np.arange(films, dtype=np.int32)
    if films <= SHORT_TASTE:
        return everybody, np.ones((films, len(rows)), bool)
    terms = mixture.contributions(rows, films)
    suspected = np.zeros(terms.shape, bool)
    np.put_along_axis(suspected, np.argpartition(-terms, SUSPECTS - 1, axis=0)[:SUSPECTS], True, axis=0)
    suspects = np.flatnonzero(suspected.any(axis=1)).astype(np.int32)
    return suspects, suspected[suspects]


def leave_out(taste: Taste, constants: Weights, suspects: NDArray[np.int32]) -> LeftOut:
    """Return the tastes without one suspect each (``suspects`` int32, ascending), with the weights as if it had never
    been touched.
    """
    moved = suspects
    if len(suspects) < len(taste.rows):
        fresh = np.flatnonzero(taste.ranks < FADED_SPANS * constants.recency_span)
        moved = distinct(np.concatenate([suspects, fresh])).astype(np.int32)
    ranks = taste.ranks[moved]
    fade = recency(np.arange(int(taste.ranks.max()) + 1, dtype=np.int32), constants)
    weights = taste.base[moved] * fade[ranks - (ranks > taste.ranks[suspects, None])]
    weights[np.arange(len(suspects)), np.searchsorted(moved, suspects)] = 0
    change = weights - (taste.base * recency(taste.ranks, constants))[moved]
    return LeftOut(suspects, moved, np.asarray(change, np.float32))
