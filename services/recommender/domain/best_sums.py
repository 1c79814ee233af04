"""The films with the largest sums of prior and table scores, found without a sum for every film.

A film outside the tables borrows from a few table films and gets at most their largest score times its weights. So,
once enough good films are known, only films that borrow from high-scoring ones, or have a high prior, can be among the
best: the bound of R. Fagin, A. Lotem and M. Naor, "Optimal aggregation algorithms for middleware", PODS 2001. The
result is that of summing over all films.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import distinct
from services.recommender.domain.tables import CollaborativeTables

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]
Scalar = TypeVar("Scalar", bound=np.generic)

# Number of films outside the tables from which on this is faster than sums for all films.
MANY = 100_000
# Number of positions whose borrowers are summed first, and of films outside with the largest prior, which always are.
# More positions raise the sum that others must reach by 2 %, and take longer than that saves.
_FIRST, _BEST_KNOWN = 8, 1_000
# If more than this share of the entries had to be read, sums for all films are faster.
_WORTH = 0.2
# Up to this share of the films outside, sorting the selected ones is faster than marking them among all.
_FEW = 0.02
# Rounding in a sum of four products.
_ROUNDING = np.float32(1 + 1e-5)


@dataclass(frozen=True, slots=True, eq=False)
class TableSums:
    """Sums for one request: ``prior`` x ``weight`` + ``in_tables`` float32[T], borrowed outside, times ``factor``
    float32[films] of 0 ... 1 or None.
    """

    in_tables: Floats
    weight: np.float32
    factor: Floats | None


class Goal(NamedTuple):
    """How many of the films that pass are wanted; ``passes`` is given rows and returns bool[rows]."""

    size: int
    passes: Callable[[Rows], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class BestSums:
    """What does not change between requests. ``prior`` float32[films], >= 0. Films outside are numbered as in
    ``tables.outside``: ``best_known`` int32[n] have the largest prior, ``next_prior`` is the largest of the others. The
    ones that borrow from position t are ``borrowers[offsets[t]:offsets[t + 1]]``, their weights of t in ``shares``.
    ``totals`` float32[outside] are the sums of each film's weights, at most ``most``. ``neighbours`` uint16[outside, m]
    and ``weights`` float32[outside, m] are those of the tables, film by film: one read from memory for each film in
    place of m.
    """

    tables: CollaborativeTables
    prior: Floats
    best_known: Rows
    next_prior: np.float32
    offsets: NDArray[np.int64]
    borrowers: Rows
    shares: Floats
    totals: Floats
    neighbours: NDArray[np.uint16]
    weights: Floats
    most: np.float32

    @classmethod
    def of(cls, tables: CollaborativeTables, prior: Floats) -> "BestSums":
        """Prepare, once per release."""
        outside = prior[tables.outside]
        order = np.argsort(-outside, kind="stable")[: _BEST_KNOWN + 1].astype(np.int32)
        borrows = tables.neighbour_weights > 0
        positions = tables.neighbours[borrows]
        films = np.broadcast_to(np.arange(len(outside), dtype=np.int32), borrows.shape)[borrows]
        order_by_position = np.argsort(positions, kind="stable")
        totals = tables.neighbour_weights.sum(axis=0, dtype=np.float32)
        return cls(
            tables,
            prior,
            order[:_BEST_KNOWN],
            np.float32(outside[order[_BEST_KNOWN]] if len(order) > _BEST_KNOWN else 0),
            np.append(0, np.cumsum(np.bincount(positions, minlength=len(tables.rows)))),
            films[order_by_position],
            tables.neighbour_weights[borrows][order_by_position],
            totals,
            np.ascontiguousarray(tables.neighbours.T),
            np.ascontiguousarray(tables.neighbour_weights.T),
            np.float32(totals.max(initial=0)),
        )

    def best(self, request: TableSums, goals: Sequence[Goal]) -> list[Rows] | None:
        """Return the films with the largest sums for each goal, in no particular order; ties go to lower rows. None if
        that takes sums for all films.
        """
        inside = _Summed(self.tables.rows, self._scaled(request, self.tables.rows, request.in_tables))
        first = inside.joined(
            self._outside(request, self._borrowers(request, self._highest(request.in_tables), np.float32(0)))
        )
        thresholds = [first.least(goal) for goal in goals]
        least = min(thresholds, default=np.float32(0))
        # What a film must borrow unless it is one of the best known.
        needed = least / _ROUNDING - request.weight * self.next_prior
        if not (least > 0 and needed > 0):
            return None
        positions = np.flatnonzero(request.in_tables * self.most >= needed)
        if (self.offsets[positions + 1] - self.offsets[positions]).sum() > _WORTH * len(self.borrowers):
            return None
        everything = inside.joined(self._outside(request, self._borrowers(request, positions, needed)))
        return [everything.best(goal, at_least) for goal, at_least in zip(goals, thresholds, strict=True)]

    def _highest(self, in_tables: Floats) -> NDArray[np.intp]:
        # Most scores are 0, and equal values slow a partition.
        positive = np.flatnonzero(in_tables > 0)
        if len(positive) <= _FIRST:
            return positive
        scores = in_tables[positive]
        return np.asarray(positive[scores >= np.partition(scores, -_FIRST)[-_FIRST]][:_FIRST])

    def _borrowers(self, request: TableSums, positions: NDArray[np.intp], needed: np.float32) -> Rows:
        """Return the films outside that may borrow at least ``needed``, and the best known ones: ascending, int32[n].
        ``positions``: all whose scores times ``most`` are at least ``needed``.
        """
        starts = self.offsets[positions]
        sizes = self.offsets[positions + 1] - starts
        before = np.cumsum(sizes) - sizes
        entries = np.repeat(starts - before, sizes) + np.arange(int(sizes.sum()))
        films = self.borrowers[entries]
        # Other positions score less than this, so a film borrows less than if all its others scored it.
        others = needed / self.most if self.most > 0 else np.float32(0)
        above = np.bincount(films, self.shares[entries] * np.repeat(request.in_tables[positions] - others, sizes))
        enough = (above[films] + self.totals[films] * others) * _ROUNDING >= needed
        films = np.concatenate([films[enough], self.best_known])
        if len(films) < _FEW * len(self.tables.outside):
            return distinct(films)
        reached = np.zeros(len(self.tables.outside), bool)
        reached[films] = True
        return np.flatnonzero(reached).astype(np.int32)

    def _outside(self, request: TableSums, films: Rows) -> "_Summed":
        rows = self.tables.outside[films]
        return _Summed(rows, self._scaled(request, rows, self._borrowed(request.in_tables, films)))

    def _borrowed(self, in_tables: Floats, films: Rows) -> Floats:
        """Return what some films outside borrow, float32[films], with the roundings of ``tables.spread``."""
        parts = in_tables.take(_rows_of(self.neighbours, films), mode="clip")
        parts *= _rows_of(self.weights, films)
        total = parts[:, 0].copy()
        for part in parts.T[1:]:
            total += part
        return np.asarray(total, np.float32)

    def _scaled(self, request: TableSums, rows: Rows, scores: Floats) -> Floats:
        total = request.weight * self.prior[rows] + scores
        return np.asarray(total if request.factor is None else total * request.factor[rows], np.float32)


def _rows_of(matrix: NDArray[Scalar], rows: Rows) -> NDArray[Scalar]:
    """Return some rows of a C-ordered matrix, each copied as a whole: ten times faster than an index by rows."""
    whole = np.dtype((np.void, matrix.itemsize * matrix.shape[1]))
    return matrix.view(whole)[:, 0].take(rows).view(matrix.dtype).reshape(len(rows), -1)


class _Summed(NamedTuple):
    """Some films and their sums, int32[n] and float32[n]."""

    rows: Rows
    sums: Floats

    def joined(self, others: "_Summed") -> "_Summed":
        return _Summed(np.concatenate([self.rows, others.rows]), np.concatenate([self.sums, others.sums]))

    def least(self, goal: Goal) -> np.float32:
        """Return the smallest sum among the best films of a goal; 0 if too few pass."""
        sums = self.sums[goal.passes(self.rows)]
        if len(sums) < goal.size:
            return np.float32(0)
        return np.float32(np.partition(sums, len(sums) - goal.size)[len(sums) - goal.size])

    def best(self, goal: Goal, at_least: np.float32) -> Rows:
        """Return the best films of a goal. ``at_least``: a sum that enough of the films that pass reach."""
        above = np.flatnonzero(self.sums >= at_least)
        above = above[goal.passes(self.rows[above])]
        if len(above) > goal.size:
            # Fewer to sort; ties at the cut remain.
            sums = self.sums[above]
            above = above[sums >= np.partition(sums, len(sums) - goal.size)[len(sums) - goal.size]]
        rows, sums = self.rows[above], self.sums[above]
        return np.asarray(rows[np.lexsort((rows, -sums))[: goal.size]])
