"""Films liked by the people who like the taste's films: from two item-item tables, and from a few latent factors.

:class:`Collaborative` adds up the tables, each on its own scale. For a coherent taste well-known films count less
(``lift``): score x (1 + events / 20) ** -exponent, a lift in place of raw co-likes (Steck, "Item popularity and
recommendation accuracy", RecSys 2011; RP3beta, Paudel et al., 2017).

:class:`Latent` smooths what the tables know pair by pair: score(f) = weight z.y_f / |z|, z the weighted sum of the
taste's vectors; its length would only say how much was liked. The tables find what goes with single films; where they
say little, the factors know what kind of films it is.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import BEST, ByRows, distinct, lengths_of, scaled
from services.recommender.domain.tables import CollaborativeTables, ItemTable, TableEntries
from services.recommender.signals.signal import Cause, Cites, Dense, Floats, Inputs, LeftOut, Rows

# Positions whose scores can be among the best 50 of a similar taste.
REFERENCE_CANDIDATES = 100
# A reference below this share of the original one (or of the largest score, if there was none) is a rounding error:
# it remains when the only film of a taste is left out.
ROUNDING = 1e-5
# In a taste of up to this many films each has so much weight that leaving it out makes other films the best.
FEW = 4


@dataclass(frozen=True, slots=True, eq=False)
class TableScore:
    """A taste's scores in one table. ``share`` of the table in the plan; ``raw`` float32[T]; their ``reference``, 0 if
    none is above 0; ``best`` intp[p]: positions of the best 100 and ties, the only ones that can move the reference
    when the taste changes.
    """

    share: float
    table: ItemTable
    raw: Floats
    reference: float
    best: NDArray[np.intp]

    @classmethod
    def of(
        cls, share: float, table: ItemTable, entries: TableEntries, weights: Floats, lift: Floats | None = None
    ) -> "TableScore":
        """Return the scores of weighted entries, each film's score times its ``lift`` float32[T]."""
        scores = table.scores(entries.positions, weights)
        if lift is not None:
            scores *= lift
        # Most films are untouched and score 0, so only positive scores are searched.
        positive = np.flatnonzero(scores > 0)
        if len(positive) > REFERENCE_CANDIDATES:
            above = scores[positive]
            positive = positive[above >= np.partition(above, -REFERENCE_CANDIDATES)[-REFERENCE_CANDIDATES]]
        # Fewer than 50 positive scores are padded with zeros, unless the table itself is smaller.
        best = np.sort(scores[positive])[::-1][:BEST]
        reference = float(best.sum()) / min(BEST, len(scores)) if len(best) else 0.0
        return cls(share, table, scores, reference, positive)

    @property
    def scaled(self) -> Floats:
        """Scores over their reference, float32[T]."""
        return scaled(self.raw, self.reference)


@dataclass(frozen=True, eq=False)
class Collaborative:
    """``lift`` float32[T] or None; ``entries`` of the taste's films in the tables; ``weights`` float32[taste films]."""

    tables: CollaborativeTables
    parts: tuple[TableScore, ...]
    lift: Floats | None
    entries: TableEntries
    weights: Floats
    name: str = "collaborative"
    cause: Cause = Cause.TASTE
    cites: Cites = Cites.LIKED_TOGETHER

    @classmethod
    def of(cls, inputs: Inputs) -> "Collaborative | None":
        """Return None without a taste. A table of share 0 is not read."""
        plan, tables = inputs.plan, inputs.bundle.collaborative
        if not (plan.main or plan.short):
            return None
        entries = tables.entries(inputs.taste.rows)
        lift = inputs.facts.lift(plan.lift)
        weights = inputs.weights[entries.films] * entries.shares
        parts = [
            TableScore.of(share, table, entries, weights, lift)
            for share, table in ((plan.main, tables.main), (plan.short, tables.short))
            if share
        ]
        return cls(tables, tuple(parts), lift, entries, inputs.weights)

    @cached_property
    def blend(self) -> Floats:
        """The signal in table space, float32[T]."""
        total = np.zeros(len(self.tables.rows), np.float32)
        for part in self.parts:
            total += np.float32(part.share) * part.scaled
        return total

    def dense(self) -> Dense:
        """See :class:`Signal`."""
        return Dense(self.blend, in_tables=True)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.tables.at(self.blend, rows)

    def contributions(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        row_entries = self.tables.entries(rows)
        targets = distinct(row_entries.positions).astype(np.int32)
        spread = row_entries.spread(targets, len(rows))
        total = np.zeros((len(self.weights), len(rows)), np.float32)
        all_films = np.arange(len(self.weights), dtype=np.int32)
        for part in self.parts:
            if part.reference > 0:
                scale = np.float32(part.share / part.reference)
                total += self._terms(part.table, all_films, targets) @ (scale * spread)
        return np.asarray(total * self.weights[:, None], np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats:
        """See :class:`Signal`. The references (mean of the best 50) are recomputed over the best 100 of each table,
        the ranked films and, in a taste of few films, the best 50 of each film alone: only a film that enters the best
        50 from outside these is missed.
        """
        row_entries = self.tables.entries(rows)
        alone = [self._best_alone(part.table) for part in self.parts] if len(self.weights) <= FEW else []
        targets = distinct(np.concatenate([*(part.best for part in self.parts), *alone, row_entries.positions]))
        targets = targets.astype(np.int32)
        spread = row_entries.spread(targets, len(rows))
        total = np.zeros((len(left_out.films), len(rows)), np.float32)
        for part in self.parts:
            # Unscaled: if no film has a positive score, the scaled scores are all 0.
            scores = part.raw[targets] + left_out.change @ self._terms(part.table, left_out.moved, targets)
            reference = _references(scores, len(self.tables.rows))
            is_valid = reference > ROUNDING * (part.reference or float(np.abs(part.raw).max(initial=0)))
            scale = np.where(is_valid, part.share / np.where(is_valid, reference, 1), 0)
            total += (scale[:, None] * (scores @ spread)).astype(np.float32)
        return total

    def _best_alone(self, table: ItemTable) -> Rows:
        """Return the positions that each film of the taste raises most, int32[n]."""
        gains, columns = table.rows(self.entries.positions), table.columns[self.entries.positions]
        if self.lift is not None:
            gains = gains * self.lift[columns]
        best = np.argpartition(-gains, min(BEST, gains.shape[1] - 1), axis=1)[:, :BEST]
        return np.asarray(np.take_along_axis(columns, best, axis=1).ravel(), np.int32)

    def _terms(self, table: ItemTable, films: Rows, targets: Rows) -> Floats:
        """Return what some films of the taste (ascending) add at some positions with weight 1, float32[films, targets];
        the entries of a film outside the tables are added up.
        """
        place = np.searchsorted(films, self.entries.films)
        of_films = films[np.minimum(place, len(films) - 1)] == self.entries.films
        source = place[of_films]
        terms = table.terms(self.entries.positions[of_films], self.entries.shares[of_films], targets)
        if self.lift is not None:
            terms *= self.lift[targets]
        out = np.zeros((len(films), len(targets)), np.float32)
        if len(source):
            # The entries of a film are adjacent.
            starts = np.flatnonzero(np.append(True, source[1:] != source[:-1]))
            out[source[starts]] = terms if len(starts) == len(source) else np.add.reduceat(terms, starts, axis=0)
        return out


def _references(scores: Floats, films: int) -> Floats:
    """Return the mean of the best 50 of each row, float32[rows], as in ``TableScore``: films of the table (``films``)
    that are not among the targets, and scores below 0, count as 0.
    """
    best = scores if scores.shape[1] <= BEST else np.partition(scores, -BEST, axis=1)[:, -BEST:]
    return np.asarray(np.maximum(best, 0).sum(axis=1) / np.float32(min(BEST, films)), np.float32)


# A sum shorter than this share of the taste's vectors is a rounding error.
SHORTEST = 1e-4


@dataclass(frozen=True, eq=False)
class Latent:
    """``factors`` float32[table films, k]; ``vectors`` float32[taste films, k]; ``weights`` float32[taste films]."""

    tables: CollaborativeTables
    factors: Floats
    weight: float
    vectors: Floats
    weights: Floats
    name: str = "latent"
    cause: Cause = Cause.TASTE
    cites: Cites = Cites.LIKED_TOGETHER

    @classmethod
    def of(cls, inputs: Inputs) -> "Latent | None":
        """Return None without weight, and in a bundle without factors."""
        factors, tables = inputs.facts.latent, inputs.bundle.collaborative
        if not inputs.plan.latent or factors is None:
            return None
        return cls(tables, factors, inputs.plan.latent, tables.at(factors, inputs.taste.rows), inputs.weights)

    @cached_property
    def _by_rows(self) -> ByRows[Floats]:
        return ByRows()

    @cached_property
    def _total(self) -> Floats:
        return np.asarray(self.weights[None, :] @ self.vectors, np.float32)

    def dense(self) -> None:
        """See :class:`Signal`: for the candidates only."""
        return

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(self._scores(rows, self._total)[0], np.float32)

    def contributions(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        scale = np.float32(self.weight) * self.weights[:, None] / self._lengths(self._total)
        return np.asarray(scale * (self.vectors @ self._vectors_of(rows).T), np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats:
        """See :class:`Signal`."""
        return self._scores(rows, self._total + left_out.change @ self.vectors[left_out.moved])

    def _scores(self, rows: Rows, totals: Floats) -> Floats:
        """Return the scores for some tastes (``totals`` float32[tastes, k]), float32[tastes, rows]."""
        units = totals / self._lengths(totals)
        return np.asarray(np.float32(self.weight) * (units @ self._vectors_of(rows).T), np.float32)

    def _lengths(self, totals: Floats) -> Floats:
        return lengths_of(totals, SHORTEST * float(self.weights @ np.linalg.norm(self.vectors, axis=1)))

    def _vectors_of(self, rows: Rows) -> Floats:
        return self._by_rows.get(rows, lambda rows: self.tables.at(self.factors, rows))
