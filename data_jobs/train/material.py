"""What a training works with: films, people's events, and the equations they give, counted here or elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.records import Film
from data_jobs.train.counted import Counted, CountedFilms
from data_jobs.train.gram import Design, design, weighted
from data_jobs.train.interactions import Interactions
from data_jobs.train.params import TrainParams
from data_jobs.train.tags import tag_matrix
from data_jobs.train.tune import Split, later_likes, moment_of, newest_likes


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Films in catalogue order and all interactions; with ``counted``, only those of the sample that chooses lambda."""

    films: list[Film | None]
    interactions: Interactions
    user_ids: Sequence[str]
    params: TrainParams
    counted: CountedFilms | None

    @property
    def likes(self) -> NDArray[np.int64]:
        """Return how many people like each film, int64[films]."""
        return self.interactions.likes() if self.counted is None else self.counted.likes

    def rows(self, matrix: str, votes: NDArray[np.int32], count: int) -> NDArray[np.int32]:
        """Return the ``count`` most liked rows, ascending. If people were counted elsewhere, all films of the matrix
        are among them, even if they are more.
        """
        if self.counted is None:
            return most_liked(self.likes, votes, count)
        chosen = self.counted.chosen(matrix)
        likes = self.likes.copy()
        likes[chosen[chosen >= 0]] = np.iinfo(np.int64).max
        return most_liked(likes, votes, max(count, int((chosen >= 0).sum())))

    def tags(self, rows: NDArray[np.int32]) -> sp.csr_matrix:
        """Return the tags of some catalogue rows, float32[tags, rows]."""
        return tag_matrix([self.films[row] for row in rows.tolist()], self.params.min_tag_films)

    def equations(self, rows: NDArray[np.int32]) -> Design | Counted:
        """Return the equations of the tables over some catalogue rows."""
        exponent, weight, tags = self.params.row_exponent, self.params.tag_weight, self.tags(rows)
        if self.counted is None:
            return design(self.interactions.on(rows).matrix(), tags, exponent, weight)
        return self.counted.equations("table", rows, weighted(tags, weight), exponent)

    def tuning_splits(self, rows: NDArray[np.int32]) -> list[tuple[Split, Design | Counted]]:
        """Return the splits on which lambda is chosen, each with the equations of its training part; none if there are
        too few people.
        """
        likes, counted = self.interactions.on(rows), self.counted
        moment_ms = moment_of(self.interactions.ts_ms) if counted is None else counted.moment_ms
        exponent, weight, tags = self.params.row_exponent, self.params.tag_weight, self.tags(rows)

        def equations(split: Split, matrix: str) -> Design | Counted:
            if counted is None:
                return design(split.training.matrix(), tags, exponent, weight)
            return counted.equations(matrix, rows, weighted(tags, weight), exponent)

        splits: list[tuple[Split, Design | Counted]] = []
        newest = newest_likes(likes, self.user_ids)
        if newest is not None:
            every = equations(newest, "tuning")
            splits.append((newest, every if isinstance(every, Design) else every.less(likes, newest.training)))
        later = later_likes(likes, self.user_ids, moment_ms)
        if later is not None:
            splits.append((later, equations(later, "past")))
        return splits

    def events(self) -> NDArray[np.int32]:
        """Return how many people have an event with each film, int32[films]."""
        counts = np.bincount(self.interactions.film, minlength=len(self.films))
        return (counts if self.counted is None else self.counted.events).astype(np.int32)

    def shared(self, rows: NDArray[np.int32], columns: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return the number of people who like both films of each entry of a table over some rows."""
        if self.counted is None:
            return self.interactions.take(self.interactions.liked).on(rows).shared_likes(columns)
        return self.counted.equations("table", rows, self.tags(rows)[:0], self.params.row_exponent).shared_likes(
            columns
        )

    def people(self) -> sp.csr_matrix | None:
        """Return the people of A over the whole catalogue, without tags; None if there are no likes, or if people were
        counted elsewhere, since the counts do not say who likes a film outside the tables.
        """
        if self.counted is not None:
            return None
        no_tags = sp.csr_matrix((0, len(self.films)))
        people = design(self.interactions.matrix(), no_tags, self.params.row_exponent, 0.0).matrix()
        return people if people.nnz else None


def most_liked(likes: NDArray[np.int64], votes: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return the rows of the most liked films, ties by votes, then row; ascending int32."""
    order = np.lexsort((np.arange(len(likes)), -votes.astype(np.int64), -likes))
    return np.sort(order[:count]).astype(np.int32)
