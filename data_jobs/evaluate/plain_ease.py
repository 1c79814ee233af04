"""Plain EASE, the reference model: the published closed form on likes, untruncated and in float32.

B = I - P diag(1 / diag(P)) with P = (X'X + lambda I)^-1 over the people x films matrix X of likes; a person with the
likes x gets the scores x B. Independent of the production tables. With fewer people than films P = (I - X' (lambda I +
X X')^-1 X) / lambda, so only a people x people matrix is factored.

Source: H. Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019.
"""

from collections.abc import Callable, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular

from data_jobs.adjust import rows_by_id
from data_jobs.evaluate.split import Holdout
from data_jobs.records import Dataset
from data_jobs.train.interactions import Interactions, interactions_of
from data_jobs.train.tune import figures

GRID = (50.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1_000.0, 2_000.0)

Dense = NDArray[np.float32]


class PlainEase:
    """EASE for one matrix of likes (float32[people, films], ones) and one lambda."""

    def __init__(self, likes: sp.csr_matrix, ridge: float) -> None:
        self.ridge = ridge
        solve = _dual if likes.shape[0] < likes.shape[1] else _primal
        self._project, self._diagonal = solve(likes, ridge)

    def scores(self, likes: sp.csr_matrix) -> Dense:
        """Return x B for each row of likes, float32[people, films]."""
        return np.asarray(likes.toarray() - self._project(likes) / self._diagonal, np.float32)


Solution = tuple[Callable[[sp.csr_matrix], Dense], Dense]
"""The map x -> x P, and the diagonal of P."""


def _dual(likes: sp.csr_matrix, ridge: float) -> Solution:
    """Return P = (I - Z'Z) / lambda with Z = L^-1 X and L L' = lambda I + X X'."""
    kernel = (likes @ likes.T).toarray().astype(np.float32)
    kernel[np.diag_indices_from(kernel)] += ridge
    half = solve_triangular(cholesky(kernel, lower=True), likes.toarray(), lower=True, overwrite_b=True)

    def project(rows: sp.csr_matrix) -> Dense:
        return np.asarray((rows.toarray() - (rows @ half.T) @ half) / ridge, np.float32)

    return project, np.asarray((1 - np.einsum("ij,ij->j", half, half)) / ridge, np.float32)


def _primal(likes: sp.csr_matrix, ridge: float) -> Solution:
    gram = (likes.T @ likes).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += ridge
    inverse = cho_solve(cho_factor(gram, overwrite_a=True), np.eye(len(gram), dtype=np.float32), overwrite_b=True)
    return lambda rows: np.asarray(rows @ inverse, np.float32), np.diagonal(inverse).copy()


def likes_of(dataset: Dataset) -> Interactions:
    """Return the interactions with weight 1 for likes and 0 for all others, over the films of the data set."""
    return interactions_of(dataset.events, np.arange(len(dataset.films), dtype=np.int32), len(dataset.films), False)


def tuned_ridge(holdouts: Sequence[Holdout], grid: Sequence[float], done: Callable[[int], None]) -> float:
    """Return the lambda with the best Recall@10 + NDCG@10, summed over holdouts drawn inside a training part.

    ``holdouts`` has one random and one by time: too small a lambda does well on random holdouts and badly over time.
    ``done`` is called with the number of models measured.
    """
    worth = np.zeros(len(grid))
    for at, holdout in enumerate(holdouts):
        seen, likes, hidden = _matrices(holdout)
        people = np.flatnonzero(np.diff(hidden.indptr))
        for place, ridge in enumerate(grid):
            scores = PlainEase(likes, ridge).scores(likes[people])
            worth[place] += sum(figures(scores, seen[people], hidden[people]))
            done(at * len(grid) + place + 1)
    return float(grid[int(np.argmax(worth))])


def _matrices(holdout: Holdout) -> tuple[sp.csr_matrix, sp.csr_matrix, sp.csr_matrix]:
    """Return seen, liked and held out, each float32[people, films]."""
    likes = likes_of(holdout.training)
    shape = (likes.people, likes.films)
    seen = sp.csr_matrix((np.ones(len(likes), np.float32), (likes.person, likes.film)), shape=shape)
    user_of = {user_id: code for code, user_id in enumerate(holdout.training.events.user_ids)}
    film_of = rows_by_id(holdout.training)
    pairs = [(user_of[user], film_of[item]) for user, items in holdout.relevant.items() for item in items]
    rows, columns = np.array(pairs, np.int32).T
    hidden = sp.csr_matrix((np.ones(len(pairs), np.float32), (rows, columns)), shape=shape)
    return seen, likes.matrix(), hidden
