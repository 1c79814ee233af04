"""Films outside the tables borrow the scores of the most similar table films.

Similarity is the cosine of the people who rate the films plus that of their traits (a rare trait counts more); for a
film without either, the cosine of its vector. A borrowed score is less certain than a learnt one, so it is damped:
weights are w / (sum of w + damping). Undamped, unknown films fill the lists. On validation the best damping was 2 for
traits alone, 4 for people and traits (a sum of two cosines), and for vectors, whose cosines are all high, twice that of
the other films.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.train.gram import blocks, column_squares
from services.recommender.domain.catalogue import Traits
from services.recommender.domain.embeddings import Embeddings
from services.recommender.taste.traits import FilmTraits

PEOPLE_DAMPING = 2.0
"""Factor on the damping if people are given, for unrated films, too: else they would overtake rarely rated films."""
VECTOR_DAMPING = 2.0
"""Further factor on the damping for films compared by vector."""

Likeness = Callable[[int, int], NDArray[np.float32]]
"""From a range of films outside to their similarity to each table film, float32[range, table]."""


@dataclass(frozen=True, slots=True, eq=False)
class Borrowing:
    """For M films outside: ``neighbours`` uint16[M, m] table positions, ``weights`` float16[M, m], 0 for none."""

    neighbours: NDArray[np.uint16]
    weights: NDArray[np.float16]


def borrowing(
    traits: Traits,
    embeddings: Embeddings | None,
    inside: NDArray[np.int32],
    outside: NDArray[np.int32],
    count: int,
    damping: float,
    people: sp.csr_matrix | None = None,
) -> Borrowing:
    """Return the ``count`` nearest table films of each film outside, with damped weights.

    ``inside``, ``outside``: int32 catalogue rows. ``people``: float32[people, films] of the catalogue, weighted as in
    training; None: people are not compared. A film without people, traits and a vector gets zero weights.
    """
    count = min(count, len(inside))
    borrowed = Borrowing(np.zeros((len(outside), count), np.uint16), np.zeros((len(outside), count), np.float16))
    comparable = np.diff(traits.offsets)[outside] > 0
    if people is not None:
        comparable |= people.getnnz(axis=0)[outside] > 0
        damping *= PEOPLE_DAMPING
    shared = np.flatnonzero(comparable)
    if len(shared):
        likeness = trait_likeness(traits, inside, outside[shared])
        if people is not None:
            likeness = _sum(likeness, people_likeness(people, inside, outside[shared]))
        _fill(borrowed, shared, likeness, damping)
    if embeddings is not None:
        by_vector = np.flatnonzero(~comparable & (embeddings.scales[outside] > 0))
        likeness = _vector_likeness(embeddings, inside, outside[by_vector])
        _fill(borrowed, by_vector, likeness, VECTOR_DAMPING * damping)
    return borrowed


def _fill(borrowed: Borrowing, members: NDArray[np.intp], likeness: Likeness, damping: float) -> None:
    for start, stop in blocks(len(members)):
        picked, weights = nearest(likeness(start, stop), borrowed.neighbours.shape[1], damping)
        borrowed.neighbours[members[start:stop]] = picked
        borrowed.weights[members[start:stop]] = weights


def nearest(
    likeness: NDArray[np.float32], count: int, damping: float
) -> tuple[NDArray[np.uint16], NDArray[np.float16]]:
    """Return columns of the ``count`` largest of each row, best first, and their weights; a negative one counts
    as 0.
    """
    picked = np.argpartition(likeness, likeness.shape[1] - count, axis=1)[:, -count:]
    cosines = np.maximum(np.take_along_axis(likeness, picked, axis=1), 0)
    order = np.lexsort((picked, -cosines), axis=1)
    picked, cosines = np.take_along_axis(picked, order, axis=1), np.take_along_axis(cosines, order, axis=1)
    # Similarities too small for float16 are 0, so that an undamped weight is never 0 / 0.
    cosines[cosines < np.finfo(np.float16).tiny] = 0
    sums = cosines.sum(axis=1, keepdims=True) + damping
    weights = cosines / np.where(sums > 0, sums, 1)
    return picked.astype(np.uint16), weights.astype(np.float16)


def people_likeness(people: sp.csr_matrix, inside: NDArray[np.int32], outside: NDArray[np.int32]) -> Likeness:
    """Return the cosines of the columns of ``people``, float32[people, films]."""
    length = np.sqrt(column_squares(people))
    unit = (people @ sp.diags(1 / np.where(length > 0, length, 1))).tocsc()
    table, others = unit[:, inside].tocsr(), unit[:, outside].T.tocsr()
    return lambda start, stop: (others[start:stop] @ table).toarray()


def _sum(one: Likeness, other: Likeness) -> Likeness:
    return lambda start, stop: one(start, stop) + other(start, stop)


def trait_likeness(traits: Traits, inside: NDArray[np.int32], outside: NDArray[np.int32]) -> Likeness:
    """Return the cosines of the films' traits."""
    shape = (len(traits.offsets) - 1, len(traits.kinds))
    films = sp.csr_matrix((FilmTraits.of(traits).values, traits.ids, traits.offsets), shape=shape)
    table, others = films[inside].T.tocsr(), films[outside]
    return lambda start, stop: (others[start:stop] @ table).toarray()


def _vector_likeness(embeddings: Embeddings, inside: NDArray[np.int32], outside: NDArray[np.int32]) -> Likeness:
    table = np.ascontiguousarray(embeddings.rows(inside).T)
    return lambda start, stop: embeddings.rows(outside[start:stop]) @ table
