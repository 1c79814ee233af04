"""A two-tower model for serving: one vector per film, and the way from a history to a person's vector, in numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TwoTowerModel:
    """``items`` float32[films, dims + 1]: a film's vector, its last number the bias; all 0 for a film the model does
    not know. ``history`` float32[films, dims]: a film's contribution to the history of people who like it. ``inner``
    float32[dims, hidden] and ``outer`` float32[hidden, dims]: the layers of the person's tower, with their biases.
    """

    items: Floats
    history: Floats
    inner: Floats
    inner_bias: Floats
    outer: Floats
    outer_bias: Floats

    def person(self, rows: NDArray[np.int32], weights: Floats) -> Floats:
        """Return a person's vector, float32[dims + 1], from the films of their history (int32[n]) and their weights
        (float32[n]); films that were in no history in training are ignored. Equals what the trained model returns for
        an unknown person with this history.
        """
        is_trained = self.history[rows].any(axis=1)
        rows, weights = rows[is_trained], weights[is_trained]
        pooled = weights @ self.history[rows] / np.float32(np.sqrt(max(float(weights.sum()), 1.0)))
        hidden = np.maximum(pooled @ self.inner + self.inner_bias, 0)
        mapped = pooled + hidden @ self.outer + self.outer_bias
        length = max(float(np.linalg.norm(mapped)), 1e-12)
        return np.append(mapped / length, 1).astype(np.float32)

    def scores(self, person: Floats) -> Floats:
        """Return the inner products with a person's vector, float32[films]."""
        return self.items @ person

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Return which films the model knows, bool[films]."""
        return np.asarray(self.items.any(axis=1))
