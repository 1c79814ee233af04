"""The parts of a series that come after those the person likes: the next one most, each later one half as much."""

from dataclasses import dataclass

import numpy as np

from services.recommender.domain.catalogue import Catalogue
from services.recommender.stages.signals.inputs import Inputs
from services.recommender.stages.signals.signal import Cause, Dense, Floats, LeftOut, Rows, mean_without, shares


@dataclass(frozen=True, slots=True, eq=False)
class Sequels:
    """A weighted mean over the taste's films of 2 ** (1 - parts ahead), 0 for earlier parts and other films."""

    weight: float
    catalogue: Catalogue
    taste_rows: Rows
    weights: Floats
    name: str = "sequels"
    cause: Cause = Cause.TASTE

    @classmethod
    def of(cls, inputs: Inputs) -> "Sequels | None":
        """None where no film of the taste belongs to a series."""
        rows = inputs.taste.rows
        if not inputs.plan.sequels or not (inputs.bundle.catalogue.series[rows] >= 0).any():
            return None
        return cls(inputs.plan.sequels, inputs.bundle.catalogue, rows, inputs.weights)

    def dense(self) -> Dense | None:
        """See :class:`Signal`: for the candidates only."""
        return None

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(self.contributions(rows).sum(axis=0), np.float32)

    def contributions(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        share = np.float32(self.weight) * shares(self.weights)
        return np.asarray(share[:, None] * self._follows(self.taste_rows, rows), np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats:
        """See :class:`Signal`."""
        follows = self._follows(self.taste_rows, rows)
        total = float(self.weights.sum())
        means = mean_without(total, shares(self.weights) @ follows, follows[left_out.moved], left_out.change)
        return np.asarray(np.float32(self.weight) * means, np.float32)

    def _follows(self, liked: Rows, rows: Rows) -> Floats:
        """float32[liked, rows]."""
        series, parts = self.catalogue.series, self.catalogue.parts.astype(np.float32)
        ahead = parts[rows] - parts[liked][:, None]
        same = (series[rows] == series[liked][:, None]) & (series[rows] >= 0) & (ahead > 0)
        return np.where(same, np.exp2(1 - np.maximum(ahead, 1)), np.float32(0))
