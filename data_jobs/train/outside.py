"""Films outside the tables borrow the scores of the table films they are most like.

By the cosine of their vectors where there are vectors, else by the cosine of their tags (a rare tag says more).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.train.gram import blocks
from services.recommender.domain.embeddings import Embeddings

Likeness = Callable[[int, int], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Borrowing:
    """For M films outside: ``neighbours`` uint16[M, m] table positions, ``weights`` float16[M, m], 0 for none."""

    neighbours: NDArray[np.uint16]
    weights: NDArray[np.float16]


def borrowing(
    embeddings: Embeddings | None,
    tags: sp.csr_matrix,
    inside: NDArray[np.int32],
    outside: NDArray[np.int32],
    count: int,
    total: float,
) -> Borrowing:
    """The ``count`` nearest table films of each film outside; their weights are the cosines scaled to ``total``.

    ``inside``, ``outside`` int32 catalogue rows; ``tags`` float32[tags, catalogue films]. A film without a
    vector goes by its tags; one without either gets zero weights.
    """
    count = min(count, len(inside))
    found = Borrowing(np.zeros((len(outside), count), np.uint16), np.zeros((len(outside), count), np.float16))
    has_vector = np.zeros(len(outside), bool)
    if not len(outside):
        return found
    if embeddings is not None:
        has_vector = embeddings.scales[outside] > 0
        by_vector = np.flatnonzero(has_vector)
        _fill(found, by_vector, _vector_likeness(embeddings, inside, outside[by_vector]), total)
    by_tag = np.flatnonzero(~has_vector)
    _fill(found, by_tag, _tag_likeness(tags, inside, outside[by_tag]), total)
    return found


def _fill(found: Borrowing, members: NDArray[np.intp], likeness: Likeness, total: float) -> None:
    for start, stop in blocks(len(members)):
        picked, weights = nearest(likeness(start, stop), found.neighbours.shape[1], total)
        found.neighbours[members[start:stop]] = picked
        found.weights[members[start:stop]] = weights


def nearest(
    likeness: NDArray[np.float32], count: int, total: float
) -> tuple[NDArray[np.uint16], NDArray[np.float16]]:
    """Columns of the ``count`` largest of each row, best first, and their weights; below 0 counts as 0."""
    picked = np.argpartition(likeness, likeness.shape[1] - count, axis=1)[:, -count:]
    cosines = np.maximum(np.take_along_axis(likeness, picked, axis=1), 0)
    order = np.lexsort((picked, -cosines), axis=1)
    picked, cosines = np.take_along_axis(picked, order, axis=1), np.take_along_axis(cosines, order, axis=1)
    sums = cosines.sum(axis=1, keepdims=True)
    weights = cosines * (total / np.where(sums > 0, sums, 1))
    return picked.astype(np.uint16), weights.astype(np.float16)


def _vector_likeness(embeddings: Embeddings, inside: NDArray[np.int32], outside: NDArray[np.int32]) -> Likeness:
    table = np.ascontiguousarray(embeddings.rows(inside).T)
    return lambda start, stop: embeddings.rows(outside[start:stop]) @ table


def _tag_likeness(tags: sp.csr_matrix, inside: NDArray[np.int32], outside: NDArray[np.int32]) -> Likeness:
    films = tags.T.tocsr()
    norms = np.sqrt(np.asarray(films.multiply(films).sum(axis=1)).ravel())
    unit = sp.diags((1 / np.where(norms > 0, norms, 1)).astype(np.float32)) @ films
    table = unit[inside].T.tocsr()
    mine = unit[outside]
    return lambda start, stop: (mine[start:stop] @ table).toarray()
