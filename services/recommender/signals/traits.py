"""What a film shares with the taste by the facts of the catalogue: traits, and series that the person follows.

:class:`TraitMatch`: makers, genres, decade, keywords, cast, series, language. A weighted mean over the taste's films:
what all of them share counts more than what only one is about. If there are few ratings, shared traits are the main
signal; they are then multiplied by ``Facts.quality``, from worldwide votes.

:class:`Sequels`: later parts of series that the person likes; the next part scores highest, each further part half as
much.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue
from services.recommender.signals.signal import (
    Cause,
    Cites,
    Dense,
    Floats,
    Inputs,
    KernelMean,
    LeftOut,
    Rows,
    mean_without,
    shares,
)


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


@dataclass(frozen=True, eq=False)
class Sequels(KernelMean):
    """A weighted mean over the taste's films of 2 ** (1 - parts ahead), 0 for earlier parts and other films."""

    weight: float
    catalogue: Catalogue
    taste_rows: Rows
    weights: Floats
    name: str = "sequels"

    @classmethod
    def of(cls, inputs: Inputs) -> "Sequels | None":
        """Return None if no film of the taste belongs to a series."""
        rows = inputs.taste.rows
        if not inputs.plan.sequels or not (inputs.bundle.catalogue.series[rows] >= 0).any():
            return None
        return cls(inputs.plan.sequels, inputs.bundle.catalogue, rows, inputs.weights)

    def kernel(self, rows: Rows) -> Floats:
        """See :class:`KernelMean`."""
        out = np.zeros((len(self.taste_rows), len(rows)), np.float32)
        parts = self._parts(rows)
        out[np.ix_(self._followed, parts)] = self._halvings(self.taste_rows[self._followed], rows[parts])
        return out

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`: of a long taste few films belong to the series of a candidate."""
        out, parts = np.zeros(len(rows), np.float32), self._parts(rows)
        means = shares(self.weights)[self._followed] @ self._halvings(self.taste_rows[self._followed], rows[parts])
        out[parts] = self.factor(rows) * means
        return out

    @cached_property
    def _followed(self) -> NDArray[np.intp]:
        """Films of the taste that belong to a series."""
        return np.flatnonzero(self.catalogue.series[self.taste_rows] >= 0)

    def _parts(self, rows: Rows) -> NDArray[np.intp]:
        """Return the films that belong to a series of the taste."""
        return np.flatnonzero(self.catalogue.of_same_series(self.taste_rows[self._followed], rows))

    def _halvings(self, films: Rows, rows: Rows) -> Floats:
        """Return 2 ** (1 - parts ahead) for films of series, float32[films, rows]; 0 for other series and earlier
        parts.
        """
        series, parts = self.catalogue.series, self.catalogue.parts
        ahead = (parts[rows] - parts[films][:, None]).astype(np.float32)
        later = (series[rows] == series[films][:, None]) & (ahead > 0)
        return np.where(later, np.exp2(1 - np.maximum(ahead, 1)), np.float32(0))

    def factor(self, rows: Rows) -> np.float32:  # noqa: ARG002 - the same for all films
        """See :class:`KernelMean`."""
        return np.float32(self.weight)
