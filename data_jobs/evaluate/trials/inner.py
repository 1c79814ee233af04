"""A holdout inside the training part, over the most liked films, as matrices."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.evaluate.split import Holdout
from data_jobs.evaluate.workbench import Workbench
from data_jobs.train.ease import penalty
from data_jobs.train.gram import design
from data_jobs.train.interactions import Interactions, interactions_of
from data_jobs.train.material import most_liked
from data_jobs.train.prior import inverted, with_prior
from data_jobs.train.tags import tag_matrix
from data_jobs.train.tune import marks_of, per_person, profiles_of

Dense = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class InnerHoldout:
    """``rows`` int32[films]: catalogue rows of the films. ``training``: the interactions that are not hidden.
    ``people`` int64[q]: codes of those with hidden likes; ``profiles``, with the weights of the fold-in,
    ``seen`` and ``hidden``: float32[q, films] each.
    """

    bench: Workbench
    rows: NDArray[np.int32]
    training: Interactions
    tags: sp.csr_matrix
    people: NDArray[np.int64]
    profiles: sp.csr_matrix
    seen: sp.csr_matrix
    hidden: sp.csr_matrix

    @classmethod
    def of(cls, bench: Workbench, holdout: Holdout, count: int) -> "InnerHoldout":
        """Return the matrices of a holdout drawn inside the training part of ``bench``, over the ``count`` most liked
        films.
        """
        params, films = bench.params, len(bench.dataset.films)
        all_rows = np.arange(films, dtype=np.int32)
        interactions = interactions_of(bench.dataset.events, all_rows, films, params.graded)
        # Of all interactions, so that all holdouts have the same films.
        rows = most_liked(interactions.likes(), bench.bundle.catalogue.votes, count)
        training = interactions_of(holdout.training.events, all_rows, films, params.graded).on(rows)
        hidden = _hidden(bench, holdout, rows)
        people = np.flatnonzero(np.diff(hidden.indptr))
        tags = tag_matrix([bench.dataset.films[row] for row in rows.tolist()], params.min_tag_films)
        marks = marks_of(training)[people]
        return cls(bench, rows, training, tags, people, profiles_of(training)[people], marks, hidden[people])

    def design(self, row_exponent: float | None = None) -> sp.csr_matrix:
        """Return the matrix A of people and tags."""
        params = self.bench.params
        exponent = params.row_exponent if row_exponent is None else row_exponent
        return design(self.training.matrix(), self.tags, exponent, params.tag_weight).matrix()

    def among(self, films: NDArray[np.bool_]) -> "InnerHoldout":
        """Return the same with only the hidden likes among ``films``, bool[films], and the people who have some."""
        inside = self.hidden.multiply(films[None, :]).tocsr()
        inside.eliminate_zeros()
        remaining = np.flatnonzero(np.diff(inside.indptr))
        return replace(
            self,
            people=self.people[remaining],
            profiles=self.profiles[remaining],
            seen=self.seen[remaining],
            hidden=inside[remaining],
        )

    def measured(self, scores: Dense) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return Recall@10 and NDCG@10 of each person, of ``scores``, float32[q, films], which are changed in
        place.
        """
        return per_person(scores, self.seen, self.hidden)


def table_of(gram: Dense, squares: Dense, ridge: float, dropout: float) -> Dense:
    """Return EASE's item-item matrix B without a prior, float32[films, films]; ``squares`` float32[films]: of the
    columns of A.
    """
    return with_prior(inverted(gram, penalty(squares, ridge, dropout), 0.0), None, 0.0)


def in_units_of_best(scores: Dense) -> Dense:
    """Return each row of scores divided by the mean of its best 50."""
    best = np.sort(scores, axis=1)[:, -50:].mean(axis=1, keepdims=True)
    return np.asarray(scores / np.maximum(best, 1e-9), np.float32)


def gram_of(design: sp.csr_matrix) -> Dense:
    """Return A'A, float32[films, films]."""
    return np.asarray((design.T @ design).toarray(), np.float32)


def _hidden(bench: Workbench, holdout: Holdout, rows: NDArray[np.int32]) -> sp.csr_matrix:
    """Return the hidden likes among the films ``rows``, float32[people, films]."""
    position = np.full(len(bench.bundle.catalogue), -1, np.int64)
    position[rows] = np.arange(len(rows))
    code_of = {user_id: code for code, user_id in enumerate(bench.dataset.events.user_ids)}
    pairs: list[tuple[int, int]] = []
    for user_id, items in holdout.relevant.items():
        hidden_rows = bench.bundle.catalogue.rows_of(items)
        positions = position[hidden_rows[hidden_rows >= 0]]
        pairs += [(code_of[user_id], at) for at in positions[positions >= 0].tolist()]
    people, films = np.array(pairs, np.int64).reshape(-1, 2).T
    ones = np.ones(len(people), np.float32)
    return sp.csr_matrix((ones, (people, films)), shape=(len(code_of), len(rows)))
