"""Latent factors of likes by implicit alternating least squares, and the item vectors that a bundle keeps of them.

The factors minimise, over people u and films f, sum of w_uf (1 - u.v)^2 over what was liked, plus ``unobserved`` times
the sum of (u.v)^2 over all pairs, plus ``ridge`` times each vector's length, which grows with how much is known of it.
A taste is folded in linearly, by one matrix for everybody, so that every film of it adds its own part to a score.

Sources: Y. Hu, Y. Koren and C. Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008;
S. Rendle, W. Krichene, L. Zhang and Y. Koren, "Revisiting the performance of iALS on item recommendation benchmarks",
RecSys 2022, for the ridge by frequency.
"""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.train.params import TrainParams

Dense = NDArray[np.float64]

PASSES = 8
# The factors of more people cost time, and hardly change.
MOST_PEOPLE = 20_000
# Likes of the taste that the common matrix is made for.
TYPICAL_LIKES = 40.0
# A film of n events is damped by (1 + n / DAMPED_FROM) ** -DAMPING: the tables know well-known films already.
DAMPED_FROM, DAMPING = 20.0, 0.2
# The vectors' scale: the mean length of so many of the longest is 1.
LONGEST = 300
# Systems solved at once.
BATCH = 256


def latent_factors(
    people: sp.csr_matrix, params: TrainParams, on_pass: Callable[[int], None] = lambda _: None
) -> NDArray[np.float16] | None:
    """Return the vectors of films, float16[films, k], for positive weights float32[people, films]; None without any,
    and for ``latent_k`` 0. Deterministic. ``on_pass`` receives the number of passes done, of ``PASSES``.
    """
    sample = _sample(people)
    if not params.latent_k or not sample.nnz:
        return None
    films = item_factors(sample, params.latent_k, params.latent_ridge, params.latent_unobserved, on_pass)
    events = np.asarray(sample.sum(axis=0)).ravel()
    vectors = films @ _square_root(_fold_in(films, events, params))
    vectors *= ((1 + events / DAMPED_FROM) ** -DAMPING)[:, None]
    lengths = np.sort(np.linalg.norm(vectors, axis=1))[-LONGEST:]
    return np.asarray(vectors / lengths.mean(), np.float16)


def item_factors(
    people: sp.csr_matrix, k: int, ridge: float, unobserved: float, on_pass: Callable[[int], None] = lambda _: None
) -> Dense:
    """Return float64[films, k], zeros for a film without entries."""
    by_film = people.T.tocsr()
    films = np.random.default_rng(0).normal(0, 0.1 / np.sqrt(k), (people.shape[1], k))
    for done in range(PASSES):
        persons = solved(people, films, ridge, unobserved)
        films = solved(by_film, persons, ridge, unobserved)
        on_pass(done + 1)
    return films


def solved(weights: sp.csr_matrix, factors: Dense, ridge: float, unobserved: float) -> Dense:
    """Return the best vector of each row of ``weights`` given the columns' ``factors``, float64[rows, k]; zeros for an
    empty row.
    """
    k = factors.shape[1]
    everything = unobserved * factors.T @ factors
    damping = ridge * (np.asarray(weights.sum(axis=1)).ravel() + unobserved * weights.shape[1])
    out = np.zeros((weights.shape[0], k))
    rows = np.flatnonzero(np.diff(weights.indptr))
    for some in np.array_split(rows, max(1, -(-len(rows) // BATCH))):
        left, right = np.empty((len(some), k, k)), np.empty((len(some), k, 1))
        for at, row in enumerate(some.tolist()):
            entries = slice(weights.indptr[row], weights.indptr[row + 1])
            observed = factors[weights.indices[entries]]
            weighted = observed * weights.data[entries, None]
            left[at] = weighted.T @ observed
            right[at, :, 0] = weighted.sum(axis=0)
        left += everything + damping[some, None, None] * np.eye(k)
        out[some] = np.linalg.solve(left, right)[..., 0]
    return out


def _sample(people: sp.csr_matrix) -> sp.csr_matrix:
    """Return the rows with entries; of very many a random sample."""
    rows = np.flatnonzero(np.diff(people.indptr))
    if len(rows) > MOST_PEOPLE:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_PEOPLE, replace=False))
    return people[rows].tocsr().astype(np.float64)


def _fold_in(films: Dense, events: Dense, params: TrainParams) -> Dense:
    """Return the matrix that turns a sum of vectors into a person's vector: the inverse of the equations of a person
    with typical likes, float64[k, k].
    """
    unobserved = params.latent_unobserved
    typical = TYPICAL_LIKES * (films * (events / events.sum())[:, None]).T @ films
    damping = params.latent_ridge * (TYPICAL_LIKES + unobserved * len(films))
    return np.asarray(np.linalg.inv(unobserved * films.T @ films + typical + damping * np.eye(films.shape[1])))


def _square_root(matrix: Dense) -> Dense:
    """Return the symmetric square root of a positive matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)
