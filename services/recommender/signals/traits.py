"""What a film shares with the taste: makers, genres, decade, keywords, cast, series, language.

A weighted mean over the taste's films: what all of them share counts more than what only one is about. If there are few
ratings, shared traits are the main signal; they are then multiplied by ``Facts.quality``, from worldwide votes.
"""

from dataclasses import dataclass

import numpy as np

from services.recommender.signals.signal import Cause, Cites, Dense, Floats, Inputs, LeftOut, Rows, mean_without, shares


@dataclass(frozen=True, eq=False)
class TraitMatch:
    """``weight`` of the term for the request of ``inputs``."""

    weight: float
    inputs: Inputs
    name: str = "traits"
    cause: Cause = Cause.TASTE
    cites: Cites = Cites.TRAITS

    @classmethod
    def of(cls, inputs: Inputs) -> "TraitMatch | None":
        """Return None without a weight."""
        return cls(inputs.plan.traits, inputs) if inputs.plan.traits else None

    def dense(self) -> Dense | None:
        """See :class:`Signal`: for the candidates only."""
        return None

    def factor(self, rows: Rows) -> Floats:
        """Return the weight of shared traits for each film, float32[rows]."""
        return np.asarray(np.float32(self.weight) * self.inputs.facts.quality[rows], np.float32)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.factor(rows) * self.inputs.traits_of(rows).scores(self.inputs.taste_traits)

    def strongest(self, rows: Rows, excluded: Rows) -> tuple[Rows, Floats]:
        """Return the trait that adds most to each film's term, except those ``excluded`` (trait ids), and how much:
        int32[rows], float32[rows].
        """
        taste = self.inputs.taste_traits.copy()
        taste[excluded] = 0
        traits, shares = self.inputs.traits_of(rows).strongest(taste)
        return traits, np.asarray(self.factor(rows) * shares, np.float32)

    def parts(self, rows: Rows, ids: Rows) -> Floats:
        """Return what some traits (``ids`` ascending) add to each film's term, float32[rows, ids]."""
        values = self.inputs.traits_of(rows).dense(ids) * self.inputs.taste_traits[ids]
        return np.asarray(self.factor(rows)[:, None] * values, np.float32)

    def contributions(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        overlaps = self.inputs.film_traits.overlaps(self.inputs.traits_of(rows))
        return np.asarray(self.factor(rows) * shares(self.inputs.weights)[:, None] * overlaps, np.float32)

    def without(self, rows: Rows, left_out: LeftOut) -> Floats:
        """See :class:`Signal`."""
        films = self.inputs.traits_of(rows)
        moved = self.inputs.facts.trait_rows.films(self.inputs.taste.rows[left_out.moved])
        total = float(self.inputs.weights.sum())
        means = mean_without(total, films.scores(self.inputs.taste_traits), moved.overlaps(films), left_out.change)
        return np.asarray(self.factor(rows) * means, np.float32)
