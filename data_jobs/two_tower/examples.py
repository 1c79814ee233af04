"""Training examples: likes against other films, each with its person's history."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.train.interactions import Interactions

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """Concatenated histories: ``films`` int64 and ``weights`` float32; ``offsets`` int64[n], the start of each;
    ``length`` float32[n], the sum of its weights.
    """

    films: Ints
    weights: Floats
    offsets: Ints
    length: Floats


def bags_of(histories: sp.csr_matrix) -> Bags:
    """Return the rows of a people x films matrix of weights."""
    length = np.asarray(histories.sum(axis=1), np.float32).ravel()
    return Bags(
        histories.indices.astype(np.int64), histories.data.astype(np.float32), histories.indptr[:-1].astype(np.int64),
        length,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """``person`` int64[b] and ``film`` int64[b] of some likes, ``weight`` float32[b] of each in its person's history.
    ``people`` int64[u]: the distinct people; ``place`` int64[b]: the position of each like's person among them;
    ``bags``: their histories, with dropout.
    """

    person: Ints
    film: Ints
    weight: Floats
    people: Ints
    place: Ints
    bags: Bags


class Examples:
    """The likes of all people (``person``, ``film`` int64[n]) and all histories, csr float32[people, films]."""

    def __init__(self, interactions: Interactions) -> None:
        self.history = interactions.matrix()
        self.history.sum_duplicates()
        at = interactions.liked
        self.person = interactions.person[at].astype(np.int64)
        self.film = interactions.film[at].astype(np.int64)
        self.weight = interactions.weight[at]
        self.likes = np.bincount(self.film, minlength=interactions.films)
        self.liked = sp.csr_matrix(
            (np.ones(len(self.film), np.float32), (self.person, self.film)), shape=self.history.shape
        )

    def __len__(self) -> int:
        return len(self.person)

    def steps(self, batch: int) -> int:
        """Return the number of batches per epoch."""
        return -(-len(self) // batch)

    def batches(self, batch: int, dropout: float, rng: np.random.Generator) -> Iterator[Batch]:
        """Yield all likes once, in random order. ``dropout``: share of each history that is hidden."""
        order = rng.permutation(len(self))
        for start in range(0, len(order), batch):
            yield self._batch(order[start : start + batch], dropout, rng)

    def _batch(self, at: Ints, dropout: float, rng: np.random.Generator) -> Batch:
        people, place = np.unique(self.person[at], return_inverse=True)
        histories = self.history[people]
        is_visible = rng.random(histories.nnz) >= dropout
        histories.data = np.where(is_visible, histories.data, np.float32(0))
        film = self.film[at]
        # The weight of a like still in its person's history, which must be subtracted from the pooled sum; else 0.
        weight = np.asarray(histories[place, film], np.float32).ravel()
        return Batch(self.person[at], film, weight, people, place, bags_of(histories))

    def are_liked(self, batch: Batch, films: Ints) -> NDArray[np.bool_]:
        """Return whether each like's person also likes each of ``films`` (distinct), bool[b, films]."""
        liked = self.liked[batch.people][:, films].toarray() > 0
        return np.asarray(liked[batch.place])
