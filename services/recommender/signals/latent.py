"""Films in the direction of the taste among a few latent factors, which smooth what the tables know pair by pair.

score(f) = weight z.y_f / |z|, z the weighted sum of the taste's vectors: its length would only say how much was liked.
The tables find what goes with single films; where they say little, the factors know what kind of films it is.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import ByRows, lengths_of
from services.recommender.domain.tables import CollaborativeTables
from services.recommender.signals.signal import Cause, Cites, Floats, Inputs, LeftOut, Rows

# A sum shorter than this share of the taste's vectors is rounding.
ROUNDING = 1e-4


@dataclass(frozen=True, eq=False)
class Latent:
    """``factors`` float16[table films, k]; ``vectors`` float32[taste films, k]; ``weights`` float32[taste films]."""

    tables: CollaborativeTables
    factors: NDArray[np.float16]
    weight: float
    vectors: Floats
    weights: Floats
    name: str = "latent"
    cause: Cause = Cause.TASTE
    cites: Cites = Cites.FILMS

    @classmethod
    def of(cls, inputs: Inputs) -> "Latent | None":
        """Return None without weight, and in a bundle without factors."""
        factors, tables = inputs.bundle.latent, inputs.bundle.collaborative
        if not inputs.plan.latent or factors is None:
            return None
        return cls(tables, factors, inputs.plan.latent, tables.at(factors, inputs.taste.rows), inputs.weights)

    @cached_property
    def _others(self) -> ByRows[Floats]:
        return ByRows()

    @cached_property
    def _total(self) -> Floats:
        return np.asarray(self.weights[None, :] @ self.vectors, np.float32)

    def dense(self) -> None:
        """None: candidates only."""
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
        return lengths_of(totals, ROUNDING * float(self.weights @ np.linalg.norm(self.vectors, axis=1)))

    def _vectors_of(self, rows: Rows) -> Floats:
        return self._others.get(rows, lambda rows: self.tables.at(self.factors, rows))
