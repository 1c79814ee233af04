"""Text that is like that of the taste's films: a kernel mean, so that two tastes in one person stay two.

score(f) = sum_i w_i max(cos(i, f), 0)^2 / sum_i w_i over centred film vectors. The square makes the nearest films of
the taste count, where a mean of vectors would look for films between them (a Nadaraya-Watson estimate with a
polynomial kernel). Used for coherent tastes, and where few people have rated anything.
"""

from dataclasses import dataclass

import numpy as np

from services.recommender.domain.embeddings import Embeddings
from services.recommender.stages.signals.inputs import Inputs
from services.recommender.stages.signals.signal import Cause, Dense, Floats, LeftOut, Rows, mean_without, shares

# A cosine of .5 between centred films is a very near one; it counts 1.
NEAR = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """``weight`` of the term; ``weights`` float32[taste films] beside ``taste_rows``; ``quality`` float32[films]."""

    weight: float
    embeddings: Embeddings
    taste_rows: Rows
    weights: Floats
    quality: Floats
    name: str = "content"
    cause: Cause = Cause.TASTE

    @classmethod
    def of(cls, inputs: Inputs) -> "Content | None":
        """None where it has no weight or the bundle has no vectors."""
        embeddings = inputs.bundle.embeddings
        if not inputs.plan.content or embeddings is None:
            return None
        return cls(inputs.plan.content, embeddings, inputs.taste.rows, inputs.weights, inputs.facts.quality)

    def dense(self) -> Dense | None:
        """See :class:`Signal`: for the candidates only."""
        return None

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        mean = shares(self.weights) @ self._kernel(self.taste_rows, rows)
        return np.asarray(self._factor(rows) * mean, np.float32)

    def contributions(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(
            self._factor(rows) * shares(self.weights)[:, None] * self._kernel(self.taste_rows, rows), np.float32
        )

    def without(self, rows: Rows, left_out: LeftOut) -> Floats:
        """See :class:`Signal`."""
        kernel = self._kernel(self.taste_rows, rows)
        total = float(self.weights.sum())
        means = mean_without(total, shares(self.weights) @ kernel, kernel[left_out.moved], left_out.change)
        return np.asarray(self._factor(rows) * means, np.float32)

    def _factor(self, rows: Rows) -> Floats:
        return np.float32(self.weight) * self.quality[rows]

    def _kernel(self, taste_rows: Rows, rows: Rows) -> Floats:
        """float32[taste films, rows]."""
        cosines = np.maximum(self.embeddings.centred(taste_rows).products(self.embeddings.centred(rows)), 0)
        return np.asarray(cosines * cosines / np.float32(NEAR), np.float32)
