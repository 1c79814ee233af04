"""Weighted traits of films: directors, keywords, genres, decade, cast, and how well they match a taste.

A film is a unit-length sparse row over traits (kind weight x rarity); the taste is the weighted mean of its films'
rows, and a film's signal is its dot product with it. It depends only on the taste and the film, not on the candidate
set, so it can be computed for the candidates only; and it is linear in the taste, so the contribution of each film of
the taste is exact.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind, Traits

# A shared director means more than a shared genre; genres are many and common, so the rarity below removes most of
# their weight again. Chosen on validation.
_KIND_WEIGHT = {
    TraitKind.GENRE: 2.0,
    TraitKind.DECADE: 1.0,
    TraitKind.DIRECTOR: 1.0,
    TraitKind.KEYWORD: 0.3,
    TraitKind.CAST: 0.5,
    TraitKind.SERIES: 1.0,
    TraitKind.LANGUAGE: 0.5,
    # Only a shared concept may be an era (signals/concept.py); decades already say how near in time two films are.
    TraitKind.ERA: 1e-6,
}

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FilmTraits:
    """Weighted traits of n films, each of unit length, one after the other: ``ids`` int32[entries], ascending within a
    film, and ``values`` float32[entries]; ``traits``: the number of traits overall; ``lengths`` and ``starts`` int[n].
    A value is ``worth`` float32[traits] over the film's ``norms`` float64[n].
    """

    traits: int
    ids: NDArray[np.int32]
    values: Floats
    lengths: NDArray[np.integer]
    starts: NDArray[np.integer]
    worth: Floats
    norms: NDArray[np.float64]

    @classmethod
    def of(cls, traits: Traits) -> "FilmTraits":
        """Weight the traits of a whole catalogue, once per release: kind weight x log(films / films with it), each
        film's scaled to unit length.
        """
        films = len(traits.offsets) - 1
        kinds = np.array([_KIND_WEIGHT[kind] for kind in TraitKind], np.float32)
        worth = kinds[traits.kinds] * np.log1p(films / np.maximum(traits.films, 1)).astype(np.float32)
        values = worth[traits.ids]
        lengths = np.diff(traits.offsets)
        owner = np.repeat(np.arange(films), lengths)
        norms = np.sqrt(np.bincount(owner, values * values, minlength=films))
        norms = np.where(norms > 0, norms, 1)
        units = (values / norms[owner]).astype(np.float32)
        return cls(len(traits.kinds), traits.ids, units, lengths, traits.offsets[:-1], worth, norms)

    def films(self, rows: NDArray[np.int32]) -> "FilmTraits":
        """Return the traits of some of the films (catalogue rows, if these are the traits of a whole catalogue)."""
        starts, lengths = self.starts[rows], self.lengths[rows]
        before = np.cumsum(lengths) - lengths
        at = np.repeat(starts - before, lengths)
        at += np.arange(len(at), dtype=at.dtype)
        ids, values, norms = self.ids.take(at), self.values.take(at), self.norms.take(rows)
        return FilmTraits(self.traits, ids, values, lengths, before, self.worth, norms)

    def values_of(self, traits: NDArray[np.integer], films: NDArray[np.integer]) -> Floats:
        """Return the values of pairs of a trait and a film that has it, float32[n], as in ``values``."""
        return np.asarray(self.worth[traits] / self.norms[films], np.float32)

    @cached_property
    def owner(self) -> NDArray[np.intp]:
        """Film each entry belongs to, 0 ... n - 1."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def mean(self, weights: Floats) -> Floats:
        """Return the weighted mean of the films' rows, float32[traits]."""
        total = float(weights.sum()) or 1.0
        entries = self.values * np.repeat(weights, self.lengths)
        return (np.bincount(self.ids, entries, minlength=self.traits) / total).astype(np.float32)

    def scores(self, taste: Floats) -> Floats:
        """Return the signal of each film, float32[n]."""
        return self._by_film(np.add, taste.take(self.ids) * self.values)

    def strongest(self, taste: Floats) -> tuple[NDArray[np.int32], Floats]:
        """Return each film's trait with the largest contribution, and the contribution: int32[n], float32[n]; 0 and 0
        for a film without traits.
        """
        terms = taste.take(self.ids) * self.values
        share = self._by_film(np.maximum, terms)
        owner = self.owner
        largest = np.flatnonzero(terms == share[owner])
        # On ties the first trait counts: assigned in reverse, it is written last.
        trait = np.zeros(len(self.lengths), np.int32)
        trait[owner[largest[::-1]]] = self.ids[largest[::-1]]
        return trait, share

    def dense(self, ids: NDArray[np.int32]) -> Floats:
        """Return some traits (``ids`` ascending) of the films as a matrix, float32[n, ids]."""
        out = np.zeros((len(self.lengths), len(ids)), np.float32)
        if len(ids):
            # Most entries are of other traits: a one-byte mask filters them out before any is looked up.
            is_selected = np.zeros(self.traits, bool)
            is_selected[ids] = True
            entries = np.flatnonzero(is_selected.take(self.ids))
            out[self.owner[entries], np.searchsorted(ids, self.ids[entries])] = self.values[entries]
        return out

    def overlaps(self, right: "FilmTraits") -> Floats:
        """Return the dot products with the rows of other films, float32[n, right]."""
        # A column for each trait of the right films: its last entry's index.
        place = np.full(self.traits, -1, np.int32)
        place[right.ids] = np.arange(len(right.ids), dtype=np.int32)
        columns = np.zeros((len(right.ids), len(right.lengths)), np.float32)
        columns[place[right.ids], right.owner] = right.values
        at = place.take(self.ids)
        shared = np.flatnonzero(at >= 0)
        rows = np.zeros((len(self.lengths), len(columns)), np.float32)
        rows[self.owner[shared], at[shared]] = self.values[shared]
        return rows @ columns

    def _by_film(self, operation: np.ufunc, entries: Floats) -> Floats:
        """Reduce the entries of each film, float32[n]; 0 for a film without any."""
        out = np.zeros(len(self.lengths), np.float32)
        nonempty = np.flatnonzero(self.lengths)
        if len(nonempty):
            out[nonempty] = operation.reduceat(entries, self.starts[nonempty])
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Inverse index from traits to films (CSC): trait t has ``films[offsets[t]:offsets[t + 1]]`` int32. The values,
    those of ``film_traits``, are not stored twice: of a million films they take 50 MB.
    """

    offsets: NDArray[np.int64]
    films: NDArray[np.int32]
    film_traits: FilmTraits

    @classmethod
    def of(cls, films: FilmTraits) -> "Postings":
        """Invert the traits of ``films``, which are numbered as in it; once per release for a whole catalogue."""
        order, offsets = _by_trait(films.ids, films.traits)
        owner = np.repeat(np.arange(len(films.lengths), dtype=np.int32), films.lengths)
        return cls(offsets, owner[order], films)

    def films_of(self, trait: int) -> NDArray[np.int32]:
        """Return the films of one trait, int32[n]."""
        return self.films[self.offsets[trait] : self.offsets[trait + 1]]

    def scores(self, traits: NDArray[np.integer], weights: Floats) -> tuple[NDArray[np.int32], Floats]:
        """Return the films that have some of the traits, ascending, and the traits' contribution to each: int32[n],
        float32[n]. ``weights`` float32[traits], positive. Reads only the films of these traits.
        """
        starts, ends = self.offsets[traits], self.offsets[traits + 1]
        lengths = ends - starts
        before = np.cumsum(lengths) - lengths
        at = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
        films = self.films[at]
        terms = self.film_traits.values_of(np.repeat(traits, lengths), films) * np.repeat(weights, lengths)
        sums = np.bincount(films, terms)
        reached = np.flatnonzero(sums > 0)
        return reached.astype(np.int32), sums[reached].astype(np.float32)

    def of_pairs(self, ids: NDArray[np.int32], shares: Floats) -> Floats:
        """Return the share of the films (``shares`` float32[films], summing to 1) that has both traits of a pair
        (``ids`` ascending), float32[ids, ids]; the diagonal is that of each trait. Never 0: one more film is assumed to
        have them.
        """
        has = np.zeros((len(ids), len(shares)), np.float32)
        for trait, films in zip(ids.tolist(), has, strict=True):
            films[self.films_of(trait)] = 1
        one = np.float32(1 / max(len(shares), 1))
        return np.asarray(((has * shares) @ has.T + one) / (1 + one), np.float32)


def _by_trait(ids: NDArray[np.int32], traits: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the order of entries (``ids``: their traits) by trait, and where each trait's entries begin and end in it,
    int64[traits + 1].
    """
    counts = np.bincount(ids, minlength=traits)
    return np.argsort(ids, kind="stable"), np.append(0, np.cumsum(counts)).astype(np.int64)
