"""Films liked by the people who like the taste's films, from two item-item tables, each on its own scale.

For a coherent taste well-known films count less (``lift``): score x (1 + events / 20) ** -exponent, a lift in place of
raw co-likes (Steck, "Item popularity and recommendation accuracy", RecSys 2011; RP3beta, Paudel et al., 2017).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain import tables as domain
from services.recommender.domain.arrays import BEST, distinct, scaled
from services.recommender.domain.tables import ItemTable
from services.recommender.signals.signal import Cause, Cites, Dense, Floats, Inputs, LeftOut, Rows
from services.recommender.taste.fold_in import Entries, entries

# Positions whose scores can be among the best 50 of a similar taste.
POOL = 100
# A reference below this share of the original one (or of the largest score, if there was none) is a rounding error:
# it remains when the only film of a taste is left out.
ROUNDING = 1e-5
# In a taste of up to this many films each has so much weight that without it other films are the best.
FEW = 4


@dataclass(frozen=True, slots=True, eq=False)
class TableScore:
    """``raw`` float32[T]: a taste's scores in one table; their ``reference``, 0 if none is above 0; ``best`` intp[p]:
    positions of the best 100 and ties, the only ones that can move the reference when the taste changes.
    """

    raw: Floats
    reference: float
    best: NDArray[np.intp]

    @property
    def scaled(self) -> Floats:
        """Scores over their reference, float32[T]."""
        return scaled(self.raw, self.reference)


def table_score(table: ItemTable, found: Entries, weights: Floats, lift: Floats | None = None) -> TableScore:
    """Return one table's scores for weighted entries, each film's score times its ``lift`` float32[T]."""
    scores = table.scores(found.positions, weights)
    if lift is not None:
        scores *= lift
    # Most films are untouched and score 0, so only positive scores are searched.
    positive = np.flatnonzero(scores > 0)
    if len(positive) > POOL:
        kept = scores[positive]
        positive = positive[kept >= np.partition(kept, -POOL)[-POOL]]
    # Fewer than 50 positive scores are padded with zeros, unless the table itself is smaller.
    best = np.sort(scores[positive])[::-1][:BEST]
    reference = float(best.sum()) / min(BEST, len(scores)) if len(best) else 0.0
    return TableScore(scores, reference, positive)


@dataclass(frozen=True, slots=True, eq=False)
class _TablePart:
    """One table's part of the signal: its share in the plan, and its scores for the taste."""

    share: float
    table: ItemTable
    score: TableScore


@dataclass(frozen=True, eq=False)
class Collaborative:
    """``lift`` float32[T] or None; ``found``: the taste in table positions; ``weights`` float32[taste films]."""

    tables: domain.CollaborativeTables
    parts: tuple[_TablePart, ...]
    lift: Floats | None
    found: Entries
    weights: Floats
    name: str = "collaborative"
    cause: Cause = Cause.TASTE
    cites: Cites = Cites.FILMS

    @classmethod
    def of(cls, inputs: Inputs) -> "Collaborative | None":
        """Return None without a taste. A table of share 0 is not read."""
        plan, tables = inputs.plan, inputs.bundle.collaborative
        if not (plan.main or plan.short):
            return None
        found = entries(tables, inputs.taste.rows)
        lift = inputs.facts.lift(plan.lift)
        weights = inputs.weights[found.source] * found.shares
        parts = [
            _TablePart(share, table, table_score(table, found, weights, lift))
            for share, table in ((plan.main, tables.main), (plan.short, tables.short))
            if share
        ]
        return cls(tables, tuple(parts), lift, found, inputs.weights)

    @cached_property
    def blend(self) -> Floats:
        """The signal in table space, float32[T]."""
        total = np.zeros(len(self.tables.rows), np.float32)
        for part in self.parts:
            total += np.float32(part.share) * part.score.scaled
        return total

    def dense(self) -> Dense:
        """See :class:`Signal`."""
        return Dense(self.blend, in_tables=True)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.tables.at(self.blend, rows)

    def contributions(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        homes = _Homes.of(self.tables, rows)
        targets = distinct(homes.positions).astype(np.int32)
        spread = homes.spread(targets)
        total = np.zeros((len(self.weights), len(rows)), np.float32)
        everybody = np.arange(len(self.weights), dtype=np.int32)
        for part in self.parts:
            if part.score.reference > 0:
                scale = np.float32(part.share / part.score.reference)
                total += self._terms(part.table, everybody, targets) @ (scale * spread)
        return np.asarray(total * self.weights[:, None], np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats:
        """See :class:`Signal`. The references (mean of the best 50) are retaken over the best 100 of each table, the
        films asked for and, in a taste of few films, the best 50 of each alone: only a film that enters the best 50
        from outside these is missed.
        """
        homes = _Homes.of(self.tables, rows)
        alone = [self._best_alone(part.table) for part in self.parts] if len(self.weights) <= FEW else []
        targets = distinct(np.concatenate([*(part.score.best for part in self.parts), *alone, homes.positions]))
        targets = targets.astype(np.int32)
        spread = homes.spread(targets)
        total = np.zeros((len(left_out.films), len(rows)), np.float32)
        for part in self.parts:
            # Unscaled: if no film has a positive score, the scaled scores are all 0.
            scores = part.score.raw[targets] + left_out.change @ self._terms(part.table, left_out.moved, targets)
            reference = _references(scores, len(self.tables.rows))
            some = reference > ROUNDING * (part.score.reference or float(np.abs(part.score.raw).max(initial=0)))
            scale = np.where(some, part.share / np.where(some, reference, 1), 0)
            total += (scale[:, None] * (scores @ spread)).astype(np.float32)
        return total

    def _best_alone(self, table: ItemTable) -> Rows:
        """Return the positions that each film of the taste raises most, int32[n]."""
        raised, columns = table.rows(self.found.positions), table.columns[self.found.positions]
        if self.lift is not None:
            raised = raised * self.lift[columns]
        best = np.argpartition(-raised, min(BEST, raised.shape[1] - 1), axis=1)[:, :BEST]
        return np.asarray(np.take_along_axis(columns, best, axis=1).ravel(), np.int32)

    def _terms(self, table: ItemTable, films: Rows, targets: Rows) -> Floats:
        """Return what some films of the taste (ascending) add at some positions with weight 1, float32[films, targets];
        the entries of a film outside the tables are added up.
        """
        place = np.searchsorted(films, self.found.source)
        mine = films[np.minimum(place, len(films) - 1)] == self.found.source
        source = place[mine]
        terms = table.terms(self.found.positions[mine], self.found.shares[mine], targets)
        if self.lift is not None:
            terms *= self.lift[targets]
        out = np.zeros((len(films), len(targets)), np.float32)
        if len(source):
            # The entries of a film are adjacent.
            starts = np.flatnonzero(np.append(True, source[1:] != source[:-1]))
            out[source[starts]] = terms if len(starts) == len(source) else np.add.reduceat(terms, starts, axis=0)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class _Homes:
    """Positions of films in the tables: entry i gives ``shares[i]`` of the score at ``positions[i]`` to film
    ``films[i]`` of ``count``. A film in the tables has one entry, a film outside has those of its neighbours.
    """

    positions: Rows
    films: NDArray[np.intp]
    shares: Floats
    count: int

    @classmethod
    def of(cls, tables: domain.CollaborativeTables, rows: Rows) -> "_Homes":
        inside = tables.position[rows]
        at_home, away = np.flatnonzero(inside >= 0), np.flatnonzero(inside < 0)
        if not len(away) or not len(tables.outside):
            return cls(inside[at_home], at_home, np.ones(len(at_home), np.float32), len(rows))
        slot = tables.slots(rows[away])
        borrowed = tables.neighbours[:, slot]
        return cls(
            np.concatenate([inside[at_home], borrowed.T.ravel().astype(np.int32)]),
            np.concatenate([at_home, np.repeat(away, len(borrowed))]),
            np.concatenate([np.ones(len(at_home), np.float32), tables.neighbour_weights[:, slot].T.ravel()]),
            len(rows),
        )

    def spread(self, targets: Rows) -> Floats:
        """Return the share of each target in each film, float32[targets, films]; ``targets`` ascending, including all
        positions.
        """
        spread = np.zeros((len(targets), self.count), np.float32)
        np.add.at(spread, (np.searchsorted(targets, self.positions), self.films), self.shares)
        return spread


def _references(scores: Floats, films: int) -> Floats:
    """Return the mean of the best 50 of each row, float32[rows], as ``table_score`` does: films of the table
    (``films``) that are not among the targets, and scores below 0, count as 0.
    """
    best = scores if scores.shape[1] <= BEST else np.partition(scores, -BEST, axis=1)[:, -BEST:]
    return np.asarray(np.maximum(best, 0).sum(axis=1) / np.float32(min(BEST, films)), np.float32)
