"""Fold-in: convert a person's history to a weighted list of films, at request time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.events import EventKind, is_disliked, taste_weights
from services.recommender.domain.history import History
from services.recommender.domain.tables import CollaborativeTables
from services.recommender.domain.weights import Weights


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """``rows`` int32[m] films with a positive ``base`` weight float32[m] (by event, before recency) and ``ranks``
    int32[m] from the newest (0), equal times equal rank. ``disliked`` int32[d] rows with ``dislike_weights``
    float32[d]. ``likes``: number of liked films (weight >= 1), the n of the formulas.
    """

    rows: NDArray[np.int32]
    base: NDArray[np.float32]
    ranks: NDArray[np.int32]
    disliked: NDArray[np.int32]
    dislike_weights: NDArray[np.float32]

    @classmethod
    def of_films(cls, rows: Sequence[int]) -> "Taste":
        """Return the taste of a person who likes some films equally and has no other events."""
        none = np.empty(0, np.int32)
        ones = np.ones(len(rows), np.float32)
        return cls(np.array(rows, np.int32), ones, np.zeros(len(rows), np.int32), none, none.astype(np.float32))

    @property
    def likes(self) -> int:
        """Number of liked films."""
        return int(np.count_nonzero(self.base >= 1))

    @property
    def is_empty(self) -> bool:
        """Whether there is no positive event."""
        return not len(self.rows)

    def weights(self, constants: Weights) -> NDArray[np.float32]:
        """Return base weight times recency, float32[m]."""
        return self.base * recency(self.ranks, constants)

    def without(self, index: int) -> "Taste":
        """Return the taste as if the person had never touched one of its films: older films move up a rank."""
        keep = np.arange(len(self.rows)) != index
        newer = self.ranks > self.ranks[index]
        return replace(self, rows=self.rows[keep], base=self.base[keep], ranks=(self.ranks - newer)[keep])


def recency(ranks: NDArray[np.int32], constants: Weights) -> NDArray[np.float32]:
    """Return floor + (1 - floor) exp(-rank / span): by rank, as times within a session say little (MovieLens ties)."""
    fade = np.exp(-ranks.astype(np.float32) / np.float32(constants.recency_span))
    return np.asarray(constants.recency_floor + (1 - constants.recency_floor) * fade, np.float32)


def fold_in(catalogue: Catalogue, history: History) -> Taste:
    """Return the taste of a history; films no longer in the catalogue are skipped."""
    opinions = history.opinions()
    rows = catalogue.rows_of_hashes(opinions.hashes)
    opinions, rows = opinions.take(rows >= 0), rows[rows >= 0]
    base = taste_weights(opinions.kinds, opinions.half_stars)
    positive, negative = base > 0, is_disliked(opinions.kinds, opinions.half_stars)
    return Taste(
        rows[positive],
        base[positive],
        _ranks(opinions.ts_ms)[positive],
        rows[negative],
        _dislike_weights(opinions.kinds[negative]),
    )


def _dislike_weights(kinds: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return full weight for dislikes; low ratings share a quarter, as heavy raters give many, so each means less."""
    spoken = kinds == EventKind.DISLIKE
    low = max(int(np.count_nonzero(~spoken)), 1)
    return np.where(spoken, np.float32(1), np.float32(0.25 / low))


def _ranks(ts_ms: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return how many events are newer than each, int32[n]; equal times share the rank of the newest among them."""
    if not len(ts_ms):
        return np.empty(0, np.int32)
    return np.asarray(len(ts_ms) - np.searchsorted(ts_ms, ts_ms, side="right"), np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Taste in table positions: ``positions`` int32[e], ``shares`` float32[e] (1 for a film of the table, the
    neighbour's weight for a film outside) and ``source`` int32[e], the taste's film that each comes from.
    """

    positions: NDArray[np.int32]
    shares: NDArray[np.float32]
    source: NDArray[np.int32]


def entries(tables: CollaborativeTables, rows: NDArray[np.int32]) -> Entries:
    """Return the table entries of films; a film outside the table is represented by its neighbours."""
    position = tables.position[rows]
    inside = np.flatnonzero(position >= 0).astype(np.int32)
    outside = np.flatnonzero(position < 0).astype(np.int32)
    if not len(outside) or not len(tables.outside):
        return Entries(position[inside], np.ones(len(inside), np.float32), inside)
    slot = tables.slots(rows[outside])
    borrowed = tables.neighbours[:, slot].T.astype(np.int32)
    return Entries(
        np.concatenate([position[inside], borrowed.ravel()]),
        np.concatenate([np.ones(len(inside), np.float32), tables.neighbour_weights[:, slot].T.ravel()]),
        np.concatenate([inside, np.repeat(outside, borrowed.shape[1])]),
    )
