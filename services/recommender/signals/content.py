"""Text that is like that of the taste's films: a kernel mean, so that two tastes in one person stay two.

score(f) = sum_i w_i max(cos(i, f), 0)^2 / sum_i w_i over centred film vectors. The square makes the nearest films of
the taste count, where a mean of vectors would look for films between them (a Nadaraya-Watson estimate with a
polynomial kernel). Used for coherent tastes, and where few people have rated anything.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from services.recommender.domain.by_rows import ByRows
from services.recommender.domain.embeddings import Centred, Embeddings
from services.recommender.signals.inputs import Inputs
from services.recommender.signals.signal import Floats, KernelMean, Rows

# A cosine of .5 between centred films is a very near one; it counts 1.
NEAR = 0.25


@dataclass(frozen=True, eq=False)
class Content(KernelMean):
    """``weight`` of the term; ``weights`` float32[taste films] beside ``taste_rows``; ``quality`` float32[films];
    ``texts``: vectors that another signal needs as well.
    """

    weight: float
    embeddings: Embeddings
    taste_rows: Rows
    weights: Floats
    quality: Floats
    texts: ByRows[Centred]
    name: str = "content"

    @classmethod
    def of(cls, inputs: Inputs) -> "Content | None":
        """None where it has no weight or the bundle has no vectors."""
        embeddings = inputs.bundle.embeddings
        if not inputs.plan.content or embeddings is None:
            return None
        weight, quality = inputs.plan.content, inputs.facts.quality
        return cls(weight, embeddings, inputs.taste.rows, inputs.weights, quality, inputs.texts)

    def kernel(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`."""
        cosines = np.maximum(self._taste.products(self.texts.get(rows, self.embeddings.centred)), 0)
        return np.asarray(cosines * cosines / np.float32(NEAR), np.float32)

    @cached_property
    def _taste(self) -> Centred:
        return self.embeddings.centred(self.taste_rows)

    def factor(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`."""
        return np.float32(self.weight) * self.quality[rows]
