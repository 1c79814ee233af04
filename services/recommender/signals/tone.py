"""What kind of film it is, and from when: the whole of its genres, comedy or not, and how near in time.

Shared traits count the more the rarer they are, so one film noir of the 2010s would be surrounded by those of the
1940s, and a comedy about hired killers by thrillers. A person who asks for films like it means a film of that mix of
genres and about that time.
"""

from dataclasses import dataclass

import numpy as np

from services.recommender.domain.genres import GENRES
from services.recommender.facts import Facts
from services.recommender.signals.inputs import Inputs
from services.recommender.signals.signal import Floats, KernelMean, Rows

COMEDY = GENRES.index("Comedy")
# What a comedy among films that are none (or the other way round) loses, and what a film loses for each 20 years of
# distance, up to two of them; chosen on the panel. The same genres count 1.
MISMATCH = np.float32(0.6)
SPAN, FARTHEST, DISTANCE = np.float32(20), np.float32(2), np.float32(0.35)


@dataclass(frozen=True, eq=False)
class Tone(KernelMean):
    """``weight`` of the term; ``weights`` float32[taste films] beside ``taste_rows``."""

    weight: float
    facts: Facts
    taste_rows: Rows
    weights: Floats
    name: str = "tone"

    @classmethod
    def of(cls, inputs: Inputs) -> "Tone | None":
        """None where it has no weight, or nothing is liked."""
        if not inputs.plan.tone or inputs.taste.is_empty:
            return None
        return cls(inputs.plan.tone, inputs.facts, inputs.taste.rows, inputs.weights)

    def kernel(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`: cosine of the genres, less mismatch and distance in time; -1.3 ... 1."""
        own, others = self.facts.genres_of(self.taste_rows), self.facts.genres_of(rows)
        mismatch = own[:, COMEDY, None] != others[:, COMEDY]
        cosines = _unit(own * self.facts.genre_rarity) @ _unit(others * self.facts.genre_rarity).T
        years = self.facts.bundle.catalogue.years
        mine, theirs = years[self.taste_rows].astype(np.float32), years[rows].astype(np.float32)
        apart = np.minimum(np.abs(mine[:, None] - theirs) / SPAN, FARTHEST)
        # Films without a year are near to all.
        apart[:, theirs == 0] = 0
        apart[mine == 0] = 0
        return np.asarray(cosines - MISMATCH * mismatch - DISTANCE * apart, np.float32)

    def factor(self, rows: Rows) -> np.float32:  # noqa: ARG002
        """See :class:`KernelMean`."""
        return np.float32(self.weight)


def _unit(rows: Floats) -> Floats:
    length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.where(length > 0, length, 1), np.float32)
