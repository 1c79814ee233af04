"""Which films of a taste moved an answer: leave one out, and see by how much each raw score falls.

Exact in the taste (weights, recency ranks and the plan are those of a person who never touched the film) and in the
pool's scores. The references (mean of the best 50) are retaken over the pool, which holds the best 100 of each
table: only a film that enters the best 50 from outside the pool is missed. All suspects are left out at once, and of
the taste only the films whose weight that changes are scored again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.weights import Weights
from services.recommender.stages.pool import Asked, Matrix, Part, Pool, make_pool
from services.recommender.stages.retrieval import BEST
from services.recommender.stages.taste import Taste, recency


@dataclass(frozen=True, slots=True, eq=False)
class Falls:
    """``falls`` float32[suspects, films]: by how much each film's raw score falls without the suspect, an index
    into the taste's films (``suspects`` int32).
    """

    suspects: NDArray[np.int32]
    falls: Matrix

    def largest(self, count: int) -> list[list[tuple[int, float]]]:
        """For each film its largest positive falls: (index into the taste, fall)."""
        by_film = np.ascontiguousarray(self.falls.T)
        best = np.argsort(-by_film, axis=1, kind="stable")[:, :count]
        indices = self.suspects[best].tolist()
        falls = np.take_along_axis(by_film, best, axis=1).tolist()
        return [
            [(index, fall) for index, fall in zip(*pair, strict=True) if fall > 0]
            for pair in zip(indices, falls, strict=True)
        ]


def find_falls(constants: Weights, asked: Asked) -> Falls:
    """Leave out each suspect and score again: the first taste is the whole one, the others lack a suspect each."""
    pool = make_pool(asked, constants.recency_span)
    change = np.zeros((len(pool.suspects) + 1, len(pool.moved)), np.float32)
    change[1:] = _weights_without(asked.taste, constants, pool) - asked.weights[pool.moved]
    raw = np.zeros((len(change), pool.spread.shape[1]), np.float32)
    for share, part in ((asked.plan.main, pool.main), (asked.plan.short, pool.short)):
        if part is not None:
            raw += _collaborative(share, part, change, pool.spread)
    if asked.plan.traits:
        weight = float(asked.weights.sum())
        left = weight + change.sum(axis=1, keepdims=True)
        scores = np.float32(weight) * pool.trait_scores + change @ pool.traits
        raw += np.float32(asked.plan.traits) * scores / np.where(left > 0, left, 1)
    falls = np.where(pool.suspected, raw[0] - raw[1:], np.float32(0))
    return Falls(pool.suspects, np.asarray(falls, np.float32))


def _collaborative(share: float, part: Part, change: Matrix, spread: Matrix) -> Matrix:
    """One table's term of the answer's films for each taste, float32[tastes, films]."""
    scores = part.scores + change @ part.terms
    reference = _references(scores)
    scale = np.where(reference > 0, share / np.where(reference > 0, reference, 1), 0)
    return np.asarray(scale[:, None] * (scores @ spread), np.float32)


def _weights_without(taste: Taste, constants: Weights, pool: Pool) -> Matrix:
    """Weights float32[suspects, moved] had the suspect never been touched: older films move up a rank."""
    ranks = taste.ranks[pool.moved]
    fade = recency(np.arange(int(taste.ranks.max()) + 1, dtype=np.int32), constants)
    weights = taste.base[pool.moved] * fade[ranks - (ranks > taste.ranks[pool.suspects, None])]
    weights[np.arange(len(pool.suspects)), np.searchsorted(pool.moved, pool.suspects)] = 0
    return np.asarray(weights, np.float32)


def _references(scores: Matrix) -> Matrix:
    """Mean of the best 50 of each row, float32[rows]."""
    best = scores if scores.shape[1] <= BEST else np.partition(scores, -BEST, axis=1)[:, -BEST:]
    return np.asarray(best.mean(axis=1), np.float32)
