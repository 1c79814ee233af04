"""Films in the direction of the taste among a few latent factors, which smooth what the tables know pair by pair.

score(f) = weight z.y_f / |z|, z the weighted sum of the taste's vectors: its length would only say how much was liked.
The tables find what goes with single films; where they say little, the factors know what kind of films it is.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import ByRows
from services.recommender.domain.tables import CollaborativeTables
from services.recommender.signals.signal import Cause, Cites, Floats, Inputs, LeftOut, Rows

# A sum shorter than this share of the taste's vectors is rounding: it has no direction.
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
        vectors = vectors_of(factors, tables, inputs.taste.rows)
        return cls(tables, factors, inputs.plan.latent, vectors, inputs.weights)

    @cached_property
    def _others(self) -> ByRows[Floats]:
        return ByRows()

    @cached_property
    def direction(self) -> Floats:
        """The direction of the taste at unit length, float32[k]; zeros if there is none."""
        unit: Floats = self._unit(self.weights[None, :] @ self.vectors)[0]
        return unit

    def dense(self) -> None:
        """None: candidates only."""
        return

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(np.float32(self.weight) * (self._vectors_of(rows) @ self.direction), np.float32)

    def contributions(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        length = float(np.linalg.norm(self.weights @ self.vectors))
        scale = np.float32(self.weight / length if self.direction.any() else 0.0)
        return np.asarray((scale * self.weights)[:, None] * (self.vectors @ self._vectors_of(rows).T), np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats:
        """See :class:`Signal`."""
        sums = self.weights @ self.vectors + left_out.change @ self.vectors[left_out.moved]
        return np.asarray(np.float32(self.weight) * (self._unit(sums) @ self._vectors_of(rows).T), np.float32)

    def _unit(self, sums: Floats) -> Floats:
        """Return weighted sums of the vectors at unit length, float32[s, k]; zeros for those that are rounding."""
        length = np.linalg.norm(sums, axis=1)
        some = length > ROUNDING * float(self.weights @ np.linalg.norm(self.vectors, axis=1))
        return np.asarray(sums * np.where(some, 1 / np.where(some, length, 1), 0)[:, None], np.float32)

    def _vectors_of(self, rows: Rows) -> Floats:
        return self._others.get(rows, lambda rows: vectors_of(self.factors, self.tables, rows))


def vectors_of(factors: NDArray[np.float16], tables: CollaborativeTables, rows: Rows) -> Floats:
    """Return the vectors of some films, float32[rows, k]: those outside the tables have the weighted sum of their
    neighbours'.
    """
    position = tables.position[rows]
    vectors = factors[np.maximum(position, 0)].astype(np.float32)
    away = np.flatnonzero(position < 0)
    if len(away):
        vectors[away] = 0
        slots = tables.slots(rows[away]) if len(tables.outside) else np.zeros(0, np.intp)
        for neighbour, weight in zip(tables.neighbours, tables.neighbour_weights, strict=True):
            if len(slots):
                vectors[away] += weight[slots, None] * factors[neighbour[slots]]
    return vectors
