"""Turn people's events into weighted interactions, with the same weights as the online fold-in."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.records import Events
from data_jobs.train.gram import blocks
from services.recommender.domain.history import EXPLICIT, taste_weights

_MOST_SHARED = 255
_EXPLICIT = np.isin(np.arange(16), [int(kind) for kind in EXPLICIT])


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """One entry per person and film, in parallel columns of length n: ``person`` int32, ``film`` int32, ``weight``
    float32 (0 for a film seen and not liked), ``ts_ms`` int64.
    """

    people: int
    films: int
    person: NDArray[np.int32]
    film: NDArray[np.int32]
    weight: NDArray[np.float32]
    ts_ms: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.person)

    @property
    def liked(self) -> NDArray[np.bool_]:
        """Return which entries are likes, bool[n]: a rating of 4 stars or more, or an explicit like."""
        return np.asarray(self.weight >= 1)

    def likes(self) -> NDArray[np.int64]:
        """Return how many people like each film, int64[films]."""
        return np.bincount(self.film[self.liked], minlength=self.films)

    def take(self, index: NDArray[np.bool_] | NDArray[np.intp]) -> "Interactions":
        """Return the entries at an index or mask, with the same people and films."""
        return replace(
            self,
            person=self.person[index],
            film=self.film[index],
            weight=self.weight[index],
            ts_ms=self.ts_ms[index],
        )

    def on(self, films: NDArray[np.int32]) -> "Interactions":
        """Return the entries on some films only, renumbered by their place in ``films``."""
        position = np.full(self.films, -1, np.int32)
        position[films] = np.arange(len(films), dtype=np.int32)
        moved = position[self.film]
        inside = replace(self, films=len(films), film=moved)
        return inside if (moved >= 0).all() else inside.take(moved >= 0)

    def matrix(self) -> sp.csr_matrix:
        """Return positive weights as float32[people, films]; people with none keep an empty row."""
        positive = self.weight > 0
        entries = (self.weight[positive], (self.person[positive], self.film[positive]))
        return sp.csr_matrix(entries, shape=(self.people, self.films), dtype=np.float32)

    def shared_likes(self, columns: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return the number of people with both the film of a row and that of a column, uint8[films, K] parallel to
        ``columns`` uint16[films, K]; capped at 255. One block of rows at a time.
        """
        people = self.matrix()
        people.data[:] = 1
        out = np.zeros(columns.shape, np.uint8)
        for start, stop in blocks(len(columns)):
            both = (people[:, start:stop].T @ people).toarray()
            counts = np.take_along_axis(both, columns[start:stop].astype(np.intp), axis=1)
            out[start:stop] = np.minimum(counts, _MOST_SHARED).astype(np.uint8)
        return out


def interactions_of(events: Events, rows: NDArray[np.int32], films: int, graded: bool = True) -> Interactions:
    """Weigh events; ``rows`` int32 maps the films they were read with to ``films`` catalogue rows.

    Dislikes, ratings below 3 and clears get weight 0. ``graded`` False: a like weighs 1, anything else 0.
    """
    film = rows[events.film]
    index = standing(events.user, film, events.kind)
    half_stars = np.rint(events.value[index] * 2).astype(np.uint8)
    weight = taste_weights(events.kind[index], half_stars)
    if not graded:
        weight = (weight >= 1).astype(np.float32)
    return Interactions(len(events.user_ids), films, events.user[index], film[index], weight, events.ts_ms[index])


def standing(user: NDArray[np.int32], film: NDArray[np.int32], kind: NDArray[np.uint8]) -> slice | NDArray[np.intp]:
    """Return the index of the decisive event of each person and film: the last opinion, else the last event.

    Readers already pass on one event per pair; logs joined from several sources may not.
    """
    pair = user.astype(np.int64) * (int(film.max(initial=0)) + 1) + film
    ordered = np.sort(pair)
    if not (ordered[1:] == ordered[:-1]).any():
        return slice(None)
    order = np.lexsort((_EXPLICIT[kind], pair))
    last = np.append(pair[order][1:] != pair[order][:-1], True)
    return np.sort(order[last])
