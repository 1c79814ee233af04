"""Similarity of texts: to the taste's films, and for films that the tables do not know.

:class:`Content` is a kernel mean, so two tastes in one person stay two: score(f) = sum_i w_i max(cos(i, f), 0)^2 /
sum_i w_i over centred film vectors. Because of the square the nearest films of the taste count most; a mean vector
would favour films between them (a Nadaraya-Watson estimate with a polynomial kernel). Used for coherent tastes, and if
there are few ratings.

:class:`Novelty` fades with every event of a film: if people have rated it, the tables are more accurate than its text;
without ratings there is only the text.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import ByRows, lengths_of
from services.recommender.domain.embeddings import Centred, Embeddings
from services.recommender.signals.signal import Cause, Cites, Dense, Floats, Inputs, KernelMean, LeftOut, Rows

# A cosine of .5 between centred films is very high; it counts as 1.
NEAR = 0.25


@dataclass(frozen=True, eq=False)
class Content(KernelMean):
    """``weight`` of the term; ``weights`` float32[taste films] aligned with ``taste_rows``; ``quality`` float32[films];
    ``texts``: vectors shared with another signal.
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
        """Return None without a weight or vectors."""
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
        return self.texts.get(self.taste_rows, self.embeddings.centred)

    def factor(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`."""
        return np.float32(self.weight) * self.quality[rows]


# Below this novelty the term does not matter, so the film's vector is not read.
FADED = 0.02
# A sum of vectors shorter than this share of their weights is a rounding error.
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Novelty:
    """weight x novelty x positive part of the cosine between a film's centred vector and the weighted sum over the
    taste. ``texts``: vectors shared with another signal, None if no other needs them.
    """

    weight: float
    embeddings: Embeddings
    novelty: Floats
    taste_rows: Rows
    weights: Floats
    texts: ByRows[Centred] | None = None
    name: str = "novelty"
    cause: Cause = Cause.TASTE
    cites: Cites = Cites.FILMS

    @classmethod
    def of(cls, inputs: Inputs) -> "Novelty | None":
        """Return None without a weight or vectors."""
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
        out = np.zeros((len(self.weights), len(rows)), np.float32)
        cosines = self._cosines(rows, novel, self._taste.vectors())
        out[:, novel] = (
            cosines * (self.weights[:, None] / self._lengths(self._total[None, :])) * self.novelty[rows[novel]]
        )
        return np.asarray(np.float32(self.weight) * out, np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`."""
        if not (self.novelty[rows] >= FADED).any():
            return None
        return self._scores(rows, self._total + self._taste.take(left_out.moved).totals(left_out.change))

    @cached_property
    def _taste(self) -> Centred:
        return self._of(self.taste_rows)

    @cached_property
    def _total(self) -> Floats:
        return np.asarray(self._taste.totals(self.weights[None, :])[0], np.float32)

    def _of(self, rows: Rows) -> Centred:
        return self.embeddings.centred(rows) if self.texts is None else self.texts.get(rows, self.embeddings.centred)

    def _cosines(self, rows: Rows, novel: NDArray[np.intp], vectors: Floats) -> Floats:
        """Return the dot products of the ``novel`` films (indices into ``rows``) with some vectors, float32[vectors,
        novel].
        """
        if self.texts is None:
            return self.embeddings.centred(rows[novel]).dots(vectors)
        # All vectors are cached, and multiplying them is faster than copying those of the novel films.
        return self._of(rows).dots(vectors)[:, novel]

    def _lengths(self, totals: Floats) -> Floats:
        return lengths_of(totals, ROUNDING * float(self.weights.sum()))

    def _scores(self, rows: Rows, totals: Floats) -> Floats:
        """Return the scores for some tastes (``totals`` float32[tastes, dims]), float32[tastes, rows]."""
        out = np.zeros((len(totals), len(rows)), np.float32)
        novel = np.flatnonzero(self.novelty[rows] >= FADED)
        if len(novel):
            cosines = self._cosines(rows, novel, np.asarray(totals / self._lengths(totals), np.float32))
            out[:, novel] = np.float32(self.weight) * np.maximum(cosines, 0) * self.novelty[rows[novel]]
        return out
