"""What a film shares with the taste: makers, genres, decade, keywords, cast, series, language.

A weighted mean over the taste's films: what all of them share counts more than what only one is about. If there are few
ratings, shared traits are the main signal; they are then multiplied by ``Facts.quality``, from worldwide votes.
"""

from dataclasses import dataclass

import numpy as np

from services.recommender.facts import Facts
from services.recommender.signals.signal import Cause, Cites, Dense, Floats, Inputs, LeftOut, Rows, mean_without, shares
from services.recommender.taste.traits import Known


@dataclass(frozen=True, eq=False)
class TraitMatch:
    """``weight`` of the term; ``weights`` float32[taste films] aligned with ``taste_rows``."""

    weight: float
    facts: Facts
    known: Known
    taste_rows: Rows
    weights: Floats
    name: str = "traits"
    cause: Cause = Cause.TASTE
    cites: Cites = Cites.TRAITS

    @classmethod
    def of(cls, inputs: Inputs) -> "TraitMatch | None":
        """Return None without a weight."""
        if not inputs.plan.traits:
            return None
        return cls(inputs.plan.traits, inputs.facts, inputs.known, inputs.taste.rows, inputs.weights)

    def dense(self) -> Dense | None:
        """See :class:`Signal`: for the candidates only."""
        return None

    def factor(self, rows: Rows) -> Floats:
        """Return the weight of shared traits for each film, float32[rows]."""
        return np.asarray(np.float32(self.weight) * self.facts.quality[rows], np.float32)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.factor(rows) * self.known.of_films(rows).scores(self.known.taste)

    def strongest(self, rows: Rows, excluded: Rows) -> tuple[Rows, Floats]:
        """Return the trait that adds most to each film's term, except those ``excluded`` (trait ids), and how much:
        int32[rows], float32[rows].
        """
        taste = self.known.taste.copy()
        taste[excluded] = 0
        traits, shares = self.known.of_films(rows).strongest(taste)
        return traits, np.asarray(self.factor(rows) * shares, np.float32)

    def parts(self, rows: Rows, ids: Rows) -> Floats:
        """Return what some traits (``ids`` ascending) add to each film's term, float32[rows, ids]."""
        values = self.known.of_films(rows).dense(ids) * self.known.taste[ids]
        return np.asarray(self.factor(rows)[:, None] * values, np.float32)

    def contributions(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        overlaps = self.known.films.overlaps(self.known.of_films(rows))
        return np.asarray(self.factor(rows) * shares(self.weights)[:, None] * overlaps, np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats:
        """See :class:`Signal`."""
        films = self.known.of_films(rows)
        moved = self.known.rows.films(self.taste_rows[left_out.moved])
        total = float(self.weights.sum())
        means = mean_without(total, films.scores(self.known.taste), moved.overlaps(films), left_out.change)
        return np.asarray(self.factor(rows) * means, np.float32)
