"""One holdout inside the training part, over the most liked films, as matrices."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.evaluate.split import Holdout
from data_jobs.evaluate.workbench import Workbench
from data_jobs.train.gram import design
from data_jobs.train.interactions import Interactions, interactions_of
from data_jobs.train.model import most_liked
from data_jobs.train.tags import tag_matrix
from data_jobs.train.tune import marks_of, per_person, profiles_of

Dense = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class InnerHoldout:
    """``rows`` int32[films]: catalogue rows of the films. ``kept``: interactions of everybody's training part;
    ``people`` int64[q]: who of them is asked for, with ``profiles`` as the fold-in weighs them, ``seen`` and
    ``hidden`` likes, float32[q, films].
    """

    bench: Workbench
    rows: NDArray[np.int32]
    kept: Interactions
    tags: sp.csr_matrix
    people: NDArray[np.int64]
    profiles: sp.csr_matrix
    seen: sp.csr_matrix
    hidden: sp.csr_matrix

    @classmethod
    def of(cls, bench: Workbench, holdout: Holdout, count: int) -> "InnerHoldout":
        """Return the holdout; ``bench`` has its training part and what was hidden, films in row order."""
        params, films = bench.params, len(bench.dataset.films)
        all_rows = np.arange(films, dtype=np.int32)
        whole = interactions_of(bench.dataset.events, all_rows, films, params.graded)
        # Of the whole training part, so that all holdouts have the same films.
        rows = most_liked(whole.likes(), bench.bundle.catalogue.votes, count)
        kept = interactions_of(holdout.training.events, all_rows, films, params.graded).on(rows)
        hidden = _hidden(bench, holdout, rows)
        people = np.flatnonzero(np.diff(hidden.indptr))
        tags = tag_matrix([bench.dataset.films[row] for row in rows.tolist()], params.min_tag_films)
        marks = marks_of(kept)[people]
        return cls(bench, rows, kept, tags, people, profiles_of(kept)[people], marks, hidden[people])

    def design(self, row_exponent: float | None = None) -> sp.csr_matrix:
        """Return the matrix A of people and tags."""
        params = self.bench.params
        exponent = params.row_exponent if row_exponent is None else row_exponent
        return design(self.kept.matrix(), self.tags, exponent, params.tag_weight).matrix()

    def among(self, films: NDArray[np.bool_]) -> "InnerHoldout":
        """Return the same with only these films to be found, and those who have some to find."""
        inside = self.hidden.multiply(films[None, :]).tocsr()
        inside.eliminate_zeros()
        mine = np.flatnonzero(np.diff(inside.indptr))
        return replace(
            self, people=self.people[mine], profiles=self.profiles[mine], seen=self.seen[mine], hidden=inside[mine]
        )

    def measured(self, scores: Dense) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return Recall@10 and NDCG@10 of each person, of scores float32[q, films], which are changed in place."""
        return per_person(scores, self.seen, self.hidden)


def gram_of(design: sp.csr_matrix) -> Dense:
    """Return A'A, float32[films, films]."""
    return np.asarray((design.T @ design).toarray(), np.float32)


def _hidden(bench: Workbench, holdout: Holdout, rows: NDArray[np.int32]) -> sp.csr_matrix:
    """Return people x films of the hidden likes that are among these rows."""
    position = np.full(len(bench.bundle.catalogue), -1, np.int64)
    position[rows] = np.arange(len(rows))
    number = {user_id: code for code, user_id in enumerate(bench.dataset.events.user_ids)}
    pairs: list[tuple[int, int]] = []
    for user_id, items in holdout.relevant.items():
        known = bench.bundle.catalogue.rows_of(items)
        found = position[known[known >= 0]]
        pairs += [(number[user_id], at) for at in found[found >= 0].tolist()]
    people, films = np.array(pairs, np.int64).reshape(-1, 2).T
    ones = np.ones(len(people), np.float32)
    return sp.csr_matrix((ones, (people, films)), shape=(len(number), len(rows)))
