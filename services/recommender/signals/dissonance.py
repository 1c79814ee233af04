"""Horror, animation and family films among films that are none of these: a mood that the taste does not ask for.

What films share says nothing about what one of them has besides: Pride and Prejudice and Zombies shares all that
Pride & Prejudice is. A film of one of the ``MOODS`` that no liked film has counts less, the more so the less often
films of the taste's genres are of that mood: horror is nearer to mysteries than to romances.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.genres import GENRES
from services.recommender.facts import Facts
from services.recommender.signals.inputs import Inputs
from services.recommender.signals.signal import Deduction, Floats, LeftOut, Rows

Sums = NDArray[np.float64]

MOODS = ("Animation", "Family", "Horror")
_PLACES = np.array([GENRES.index(mood) for mood in MOODS])


@dataclass(frozen=True, eq=False)
class Dissonance(Deduction):
    """``has`` float64[taste films, moods]: 1 where a liked film is of a mood; ``lifts`` float64[taste films, moods]:
    how many times likelier than any film one of its genres is of the mood, 0 for a film that was not liked.
    """

    weight: float
    facts: Facts
    liked: Floats
    has: Sums
    lifts: Sums
    name: str = "dissonance"

    @classmethod
    def of(cls, inputs: Inputs) -> "Dissonance | None":
        """None where it has no weight, or nothing is liked."""
        liked = np.asarray(inputs.taste.base >= 1, np.float32)
        if not inputs.plan.dissonance or not liked.any():
            return None
        # In float64: sums less a film must be those of the other films to the last digits, since a root is taken.
        genres = inputs.facts.genres_of(inputs.taste.rows).astype(np.float64)
        many = np.maximum(genres.sum(axis=1, keepdims=True), 1)
        lifts = (genres @ inputs.facts.genre_lifts[:, _PLACES] / many) * liked[:, None]
        has = genres[:, _PLACES] * liked[:, None]
        return cls(inputs.plan.dissonance, inputs.facts, liked, has, lifts)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`: 0 ... minus the weight."""
        penalties = self._penalties(self.liked.sum(), self.has.sum(axis=0), self.lifts.sum(axis=0))
        return np.asarray(self._scores(rows, penalties[None, :])[0], np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`."""
        out = left_out.suspects
        count = (self.liked.sum() - self.liked[out])[:, None]
        has, lifts = self.has.sum(axis=0) - self.has[out], self.lifts.sum(axis=0) - self.lifts[out]
        return self._scores(rows, self._penalties(count, has, lifts))

    def _penalties(self, count: Floats | np.float32, has: Sums, lifts: Sums) -> Floats:
        """What a film of each mood loses, float32[..., moods], by the sums over ``count`` liked films."""
        foreign = 1 - lifts / np.maximum(count, 1)
        rare = np.sqrt(np.clip(foreign, 0, 1))
        return np.asarray(np.where((has == 0) & (count > 0), rare, 0), np.float32)

    def _scores(self, rows: Rows, penalties: Floats) -> Floats:
        """For some penalties, float32[tastes, moods]: float32[tastes, rows]. Of several moods the worst counts."""
        moods = self.facts.genres_of(rows)[:, _PLACES]
        worst = (penalties[:, None, :] * moods).max(axis=2)
        return self.deducted(worst)
