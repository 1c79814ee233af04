"""Text for films that the tables know nothing of: how near it is to the taste's, fading with every event.

Where people have rated a film, the tables say more than its text does; where nobody has, text is all there is.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.by_rows import ByRows
from services.recommender.domain.embeddings import Centred, Embeddings
from services.recommender.signals.inputs import Inputs
from services.recommender.signals.signal import Cause, Dense, Floats, LeftOut, Rows

# Below this a film has too many events for the term to matter: its vector is not read.
FADED = 0.02


@dataclass(frozen=True, eq=False)
class Novelty:
    """weight x novelty x cosine (its positive part) of a film's centred vector with the weighted sum over the taste.
    ``texts``: vectors that another signal needs as well, None if no other does.
    """

    weight: float
    embeddings: Embeddings
    novelty: Floats
    taste_rows: Rows
    weights: Floats
    texts: ByRows[Centred] | None = None
    name: str = "novelty"
    cause: Cause = Cause.TASTE

    @classmethod
    def of(cls, inputs: Inputs) -> "Novelty | None":
        """None where it has no weight or the bundle has no vectors."""
        embeddings = inputs.bundle.embeddings
        if not inputs.plan.novelty or embeddings is None:
            return None
        texts = inputs.texts if inputs.plan.content else None
        return cls(inputs.plan.novelty, embeddings, inputs.facts.novelty, inputs.taste.rows, inputs.weights, texts)

    def dense(self) -> Dense | None:
        """See :class:`Signal`: for the candidates only."""
        return None

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(self._scores(rows, self._total[None, :])[0], np.float32)

    def contributions(self, rows: Rows) -> Floats | None:
        """See :class:`Signal`."""
        novel = np.flatnonzero(self.novelty[rows] >= FADED)
        if not len(novel):
            return None
        length = float(np.linalg.norm(self._total)) or 1.0
        out = np.zeros((len(self.weights), len(rows)), np.float32)
        cosines = self._taste.products(self._centred(rows, novel))
        out[:, novel] = cosines * (self.weights[:, None] / np.float32(length)) * self.novelty[rows[novel]]
        return np.asarray(np.float32(self.weight) * out, np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`."""
        if not (self.novelty[rows] >= FADED).any():
            return None
        return self._scores(rows, self._total + self._taste.take(left_out.moved).totals(left_out.change))

    @cached_property
    def _taste(self) -> Centred:
        return self.embeddings.centred(self.taste_rows)

    @cached_property
    def _total(self) -> Floats:
        return np.asarray(self._taste.totals(self.weights[None, :])[0], np.float32)

    def _centred(self, rows: Rows, novel: NDArray[np.intp]) -> Centred:
        if self.texts is None:
            return self.embeddings.centred(rows[novel])
        return self.texts.get(rows, self.embeddings.centred).take(novel)

    def _scores(self, rows: Rows, totals: Floats) -> Floats:
        """For some tastes, float32[tastes, dims], float32[tastes, rows]."""
        out = np.zeros((len(totals), len(rows)), np.float32)
        novel = np.flatnonzero(self.novelty[rows] >= FADED)
        if len(novel):
            lengths = np.linalg.norm(totals, axis=1, keepdims=True)
            units = np.where(lengths > 0, totals / np.where(lengths > 0, lengths, 1), 0).astype(np.float32)
            cosines = self._centred(rows, novel).dots(units)
            out[:, novel] = np.float32(self.weight) * np.maximum(cosines, 0) * self.novelty[rows[novel]]
        return out
