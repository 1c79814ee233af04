"""The trait term: how many of a film's directors, keywords, genres, decade and cast the taste knows, and how well.

taste[t] = sum of w_j over liked films j with trait t, divided by the sum of all w_j: the share of the taste that
has the trait. A film's signal is sum over its traits of kind weight x rarity x taste[t]. It depends on the taste
and the film alone, never on a candidate set, so it can be computed for the candidates only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import TraitKind, Traits

# A shared director says more than a shared genre; rarity (below) does the rest.
KIND_WEIGHT = np.zeros(len(TraitKind), np.float32)
KIND_WEIGHT[TraitKind.GENRE] = 0.5
KIND_WEIGHT[TraitKind.DECADE] = 0.3
KIND_WEIGHT[TraitKind.DIRECTOR] = 1.0
KIND_WEIGHT[TraitKind.KEYWORD] = 0.5
KIND_WEIGHT[TraitKind.CAST] = 0.5


def trait_worth(traits: Traits, films: int) -> NDArray[np.float32]:
    """Kind weight times rarity log(films / films with it), scaled to at most 1; float32[traits]."""
    rarity = np.log(films / np.maximum(traits.films, 1)) / np.log(max(films, 2))
    return np.asarray(KIND_WEIGHT[traits.kinds] * rarity, np.float32)


def gather(traits: Traits, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Trait ids of several films end to end, and for each the index into ``rows`` it belongs to."""
    starts, ends = traits.offsets[rows], traits.offsets[rows + 1]
    lengths = ends - starts
    owner = np.repeat(np.arange(len(rows)), lengths)
    shift = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) if len(rows) else starts
    return traits.ids[np.arange(len(owner)) + shift], owner


@dataclass(frozen=True, slots=True, eq=False)
class TraitTaste:
    """``share`` float32[traits]: the share of the taste that has each trait, times its worth."""

    share: NDArray[np.float32]

    @classmethod
    def of(
        cls, traits: Traits, rows: NDArray[np.int32], weights: NDArray[np.float32], worth: NDArray[np.float32]
    ) -> "TraitTaste":
        """The trait taste of films with weights."""
        ids, owner = gather(traits, rows)
        total = float(weights.sum()) or 1.0
        known = np.bincount(ids, weights[owner], minlength=len(worth)) / total
        return cls(np.asarray(known * worth, np.float32))

    def scores(self, traits: Traits, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """The signal of some films, float32[rows]."""
        ids, owner = gather(traits, rows)
        return np.bincount(owner, self.share[ids], minlength=len(rows)).astype(np.float32)
