"""The trait term: how much of a film's directors, keywords, genres, decade and cast the taste knows.

A film is a unit-length sparse row over traits (kind weight x rarity); the taste is the weighted mean of its films'
rows, and a film's signal is its dot product with that. It depends on the taste and the film alone, never on a
candidate set, so it can be computed for the candidates only; and it is linear in the taste, so what each film of
the taste contributes is known exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind, Traits

# A shared director says more than a shared genre on its own; genres are many and shared by all, so the rarity
# below takes most of their weight away again. Chosen on validation.
_KIND_WEIGHT = {
    TraitKind.GENRE: 2.0,
    TraitKind.DECADE: 1.0,
    TraitKind.DIRECTOR: 1.0,
    TraitKind.KEYWORD: 0.3,
    TraitKind.CAST: 0.5,
}

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TraitRows:
    """``values`` float32[entries] beside ``traits.ids``: kind weight x log(films / films with it), each film's row
    of unit length.
    """

    traits: Traits
    values: Floats

    @classmethod
    def of(cls, traits: Traits) -> "TraitRows":
        """Weigh the traits of a whole catalogue, once a release."""
        films = len(traits.offsets) - 1
        kinds = np.array([_KIND_WEIGHT[kind] for kind in TraitKind], np.float32)
        worth = kinds[traits.kinds] * np.log1p(films / np.maximum(traits.films, 1)).astype(np.float32)
        values = worth[traits.ids]
        owner = np.repeat(np.arange(films), np.diff(traits.offsets))
        length = np.sqrt(np.bincount(owner, values * values, minlength=films))
        return cls(traits, (values / np.where(length > 0, length, 1)[owner]).astype(np.float32))

    def entries(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], Floats, NDArray[np.intp]]:
        """Trait ids and values of several films end to end, and for each the index into ``rows`` it belongs to."""
        starts = self.traits.offsets[rows]
        lengths = self.traits.offsets[rows + 1] - starts
        owner = np.repeat(np.arange(len(rows)), lengths)
        before = np.cumsum(lengths) - lengths
        at = np.arange(len(owner)) + np.repeat(starts - before, lengths)
        return self.traits.ids[at], self.values[at], owner

    def taste(self, rows: NDArray[np.int32], weights: Floats) -> Floats:
        """Weighted mean of the films' rows, float32[traits]."""
        ids, values, owner = self.entries(rows)
        total = float(weights.sum()) or 1.0
        mean = np.bincount(ids, values * weights[owner], minlength=len(self.traits.kinds)) / total
        return mean.astype(np.float32)

    def scores(self, taste: Floats, rows: NDArray[np.int32]) -> Floats:
        """The signal of some films, float32[rows]."""
        ids, values, owner = self.entries(rows)
        return np.bincount(owner, taste[ids] * values, minlength=len(rows)).astype(np.float32)

    def strongest(self, taste: Floats, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], Floats]:
        """Of each film the trait that adds most to its signal, and how much: int32[rows], float32[rows]; a film
        without traits has trait 0 and nothing.
        """
        ids, values, owner = self.entries(rows)
        terms = taste[ids] * values
        order = np.lexsort((ids, -terms, owner))
        first = order[np.flatnonzero(np.append(True, owner[order][1:] != owner[order][:-1]))] if len(order) else order
        trait, share = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.float32)
        trait[owner[first]], share[owner[first]] = ids[first], terms[first]
        return trait, share

    def overlaps(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Floats:
        """Dot products of film rows, float32[left, right]."""
        ids, values, owner = self.entries(right)
        shared, column = np.unique(ids, return_inverse=True)
        if not len(shared):
            return np.zeros((len(left), len(right)), np.float32)
        dense_right = np.zeros((len(shared), len(right)), np.float32)
        dense_right[column, owner] = values
        ids, values, owner = self.entries(left)
        at = np.minimum(np.searchsorted(shared, ids), len(shared) - 1)
        found = shared[at] == ids
        dense_left = np.zeros((len(left), len(shared)), np.float32)
        dense_left[owner[found], at[found]] = values[found]
        return dense_left @ dense_right
