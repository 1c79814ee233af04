"""What a film shares with the taste: makers, genres, decade, keywords, cast, series, language.

A weighted mean over the taste's films. Where few people have rated anything, what films share is all there is; it then
counts times what the world's votes say of a film (``Facts.quality``).
"""

from dataclasses import dataclass

import numpy as np

from services.recommender.stages.signals.inputs import Inputs
from services.recommender.stages.signals.signal import Cause, Dense, Floats, LeftOut, Rows, mean_without
from services.recommender.stages.traits import Known


@dataclass(frozen=True, slots=True, eq=False)
class TraitMatch:
    """``weight`` of the term; ``weights`` float32[taste films]; ``quality`` float32[films]; ``taste_rows`` int32."""

    weight: float
    known: Known
    weights: Floats
    quality: Floats
    taste_rows: Rows
    name: str = "traits"
    cause: Cause = Cause.TASTE

    @classmethod
    def of(cls, inputs: Inputs) -> "TraitMatch | None":
        """None without a taste."""
        if not inputs.plan.traits:
            return None
        taste = inputs.taste
        return cls(inputs.plan.traits, inputs.known, inputs.weights, inputs.facts.quality, taste.rows)

    def dense(self) -> Dense | None:
        """See :class:`Signal`: for the candidates only."""
        return None

    def factor(self, rows: Rows) -> Floats:
        """What a shared trait counts for each film, float32[rows]."""
        return np.float32(self.weight) * self.quality[rows]

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.factor(rows) * self.known.rows.films(rows).scores(self.known.taste)

    def contributions(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        overlaps = self.known.films.overlaps(self.known.rows.films(rows))
        share = self.weights / np.float32(self.weights.sum())
        return np.asarray(self.factor(rows) * share[:, None] * overlaps, np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats:
        """See :class:`Signal`."""
        films = self.known.rows.films(rows)
        moved = self.known.rows.films(self.taste_rows[left_out.moved])
        means = mean_without(
            float(self.weights.sum()), films.scores(self.known.taste), moved.overlaps(films), left_out.change
        )
        return np.asarray(self.factor(rows) * means, np.float32)
