"""Kind of film: mix of genres, comedy or not, time of release; and moods that the taste lacks.

:class:`Tone`: rare traits count more, so without it a film noir of the 2010s would be surrounded by those of the 1940s,
and a comedy about hired killers by thrillers. A person who asks for similar films means that mix of genres and about
that time.

:class:`Dissonance`: shared traits ignore what else a film is. Pride and Prejudice and Zombies shares every trait of
Pride & Prejudice. A film scores lower for a genre of ``MOODS`` that no liked film has, the more so the rarer that genre
is among films of the liked films' genres: horror is nearer to mysteries than to romances. Of several genres of a liked
film the least compatible decides: fantasy is often for families, a horror comedy with fantasy is not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import ByRows
from services.recommender.domain.genres import GENRES
from services.recommender.facts import IS_GENRE, Facts
from services.recommender.signals.signal import Deduction, Floats, Inputs, KernelMean, LeftOut, Rows

COMEDY = GENRES.index("Comedy")
# Penalty for a comedy among films that are not (or the reverse), and for each 20 years of distance, up to 40 years;
# chosen on the panel. Equal genres score 1.
MISMATCH = np.float32(0.9)
SPAN, FARTHEST, DISTANCE = np.float32(20), np.float32(2), np.float32(0.35)


@dataclass(frozen=True, eq=False)
class Tone(KernelMean):
    """``weight`` of the term; ``weights`` float32[taste films] aligned with ``taste_rows``; ``genres``: shared with
    other signals.
    """

    weight: float
    facts: Facts
    taste_rows: Rows
    weights: Floats
    genres: ByRows[Floats]
    name: str = "tone"

    @classmethod
    def of(cls, inputs: Inputs) -> "Tone | None":
        """Return None without a weight or a taste."""
        if not inputs.plan.tone or inputs.taste.is_empty:
            return None
        return cls(inputs.plan.tone, inputs.facts, inputs.taste.rows, inputs.weights, inputs.genres)

    def kernel(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`: cosine of the genres, minus mismatch and distance in time; -1.6 ... 1."""
        own, others = (self.genres.get(films, self.facts.genres_of) for films in (self.taste_rows, rows))
        mismatch = own[:, COMEDY, None] != others[:, COMEDY]
        cosines = _unit(own * self.facts.genre_rarity) @ _unit(others * self.facts.genre_rarity).T
        years = self.facts.bundle.catalogue.years
        own_years, other_years = years[self.taste_rows].astype(np.float32), years[rows].astype(np.float32)
        apart = np.minimum(np.abs(own_years[:, None] - other_years) / SPAN, FARTHEST)
        # A film without a year has no distance.
        apart[:, other_years == 0] = 0
        apart[own_years == 0] = 0
        return np.asarray(cosines - MISMATCH * mismatch - DISTANCE * apart, np.float32)

    def factor(self, rows: Rows) -> np.float32:  # noqa: ARG002
        """See :class:`KernelMean`."""
        return np.float32(self.weight)


def _unit(rows: Floats) -> Floats:
    length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.where(length > 0, length, 1), np.float32)


Sums = NDArray[np.float64]

# Genres that set a film's mood, with their shares of the weight: fear and films for the young surprise most, violence
# and suspense less. The others (drama, romance, crime and so on) say what happens; penalties on them gain nothing on
# the panel, and with larger shares real people lose more of the films they liked of a director or a genre.
MOODS = {"Animation": 1.0, "Family": 1.0, "Horror": 1.0, "Action": 1 / 3, "Thriller": 1 / 3, "War": 2 / 3}
_PLACES = np.array([GENRES.index(mood) for mood in MOODS])
_SHARES = np.array(list(MOODS.values()), np.float32)


@dataclass(frozen=True, eq=False)
class Dissonance(Deduction):
    """``has`` float64[taste films, moods]: 1 if a liked film has a mood; ``lifts`` float64[taste films, moods]: how
    many times likelier films of its least compatible genre have the mood than any film; 0 for a film that was not
    liked.
    """

    weight: float
    facts: Facts
    liked: Floats
    has: Sums
    lifts: Sums
    genres: ByRows[Floats]
    name: str = "dissonance"

    @classmethod
    def of(cls, inputs: Inputs) -> "Dissonance | None":
        """Return None without a weight, or if nothing is liked."""
        liked = np.asarray(inputs.taste.base >= 1, np.float32)
        if not inputs.plan.dissonance or not liked.any():
            return None
        # In float64: a sum minus one film must equal the sum of the others but for rounding, which is clipped.
        genres = inputs.genres.get(inputs.taste.rows, inputs.facts.genres_of).astype(np.float64)
        lifts = _least_lifts(genres, inputs.facts.genre_lifts[:, _PLACES]) * liked[:, None]
        has = genres[:, _PLACES] * liked[:, None]
        return cls(inputs.plan.dissonance, inputs.facts, liked, has, lifts, inputs.genres)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`: 0 ... minus the weight."""
        penalties = self._penalties(self.liked.sum(), self.has.sum(axis=0), self.lifts.sum(axis=0))
        return np.asarray(self._scores(rows, penalties[None, :])[0], np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats | None:
        """See :class:`Signal`."""
        out = left_out.films
        count = (self.liked.sum() - self.liked[out])[:, None]
        has, lifts = self.has.sum(axis=0) - self.has[out], self.lifts.sum(axis=0) - self.lifts[out]
        return self._scores(rows, self._penalties(count, has, lifts))

    def _penalties(self, count: Floats | np.float32, has: Sums, lifts: Sums) -> Floats:
        """Return the penalty for each mood, float32[..., moods], from the sums over ``count`` liked films."""
        foreign = np.clip(1 - lifts / np.maximum(count, 1), 0, 1)
        return np.asarray(np.where((has == 0) & (count > 0), foreign, 0), np.float32)

    def _scores(self, rows: Rows, penalties: Floats) -> Floats:
        """Return the scores under some penalties (float32[tastes, moods]), float32[tastes, rows]. Of several moods the
        worst counts.
        """
        moods = self.genres.get(rows, self.facts.genres_of)[:, _PLACES]
        worst = (penalties[:, None, :] * (moods * _SHARES)).max(axis=2)
        return self.deducted(worst)


def _least_lifts(genres: Sums, lifts: Floats) -> Sums:
    """Return the smallest lift of each mood (``lifts`` float32[genres, moods]) among the genres of each film
    (float64[films, genres]), float64[films, moods]; 1 for a film without genres, which says nothing.
    """
    has = (genres > 0) & IS_GENRE
    least = np.where(has[:, :, None], lifts, np.inf).min(axis=1)
    return np.where(has.any(axis=1, keepdims=True), least, 1.0)
