"""Later parts of series that the person likes: the next part scores highest, each further part half as much."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue
from services.recommender.signals.signal import Floats, Inputs, KernelMean, Rows, shares


@dataclass(frozen=True, eq=False)
class Sequels(KernelMean):
    """A weighted mean over the taste's films of 2 ** (1 - parts ahead), 0 for earlier parts and other films."""

    weight: float
    catalogue: Catalogue
    taste_rows: Rows
    weights: Floats
    name: str = "sequels"

    @classmethod
    def of(cls, inputs: Inputs) -> "Sequels | None":
        """Return None if no film of the taste belongs to a series."""
        rows = inputs.taste.rows
        if not inputs.plan.sequels or not (inputs.bundle.catalogue.series[rows] >= 0).any():
            return None
        return cls(inputs.plan.sequels, inputs.bundle.catalogue, rows, inputs.weights)

    def kernel(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`."""
        out = np.zeros((len(self.taste_rows), len(rows)), np.float32)
        parts = self._parts(rows)
        out[np.ix_(self._followed, parts)] = self._halvings(self.taste_rows[self._followed], rows[parts])
        return out

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`: of a long taste few films belong to the series of a candidate."""
        out, parts = np.zeros(len(rows), np.float32), self._parts(rows)
        means = shares(self.weights)[self._followed] @ self._halvings(self.taste_rows[self._followed], rows[parts])
        out[parts] = self.factor(rows) * means
        return out

    @cached_property
    def _followed(self) -> NDArray[np.intp]:
        """Films of the taste that belong to a series."""
        return np.flatnonzero(self.catalogue.series[self.taste_rows] >= 0)

    def _parts(self, rows: Rows) -> NDArray[np.intp]:
        """Return the films that belong to a series of the taste."""
        return np.flatnonzero(self.catalogue.of_same_series(self.taste_rows[self._followed], rows))

    def _halvings(self, films: Rows, rows: Rows) -> Floats:
        """Return 2 ** (1 - parts ahead) for films of series, float32[films, rows]; 0 for other series and earlier
        parts.
        """
        series, parts = self.catalogue.series, self.catalogue.parts
        ahead = (parts[rows] - parts[films][:, None]).astype(np.float32)
        later = (series[rows] == series[films][:, None]) & (ahead > 0)
        return np.where(later, np.exp2(1 - np.maximum(ahead, 1)), np.float32(0))

    def factor(self, rows: Rows) -> np.float32:  # noqa: ARG002 - the same for all films
        """See :class:`KernelMean`."""
        return np.float32(self.weight)
