"""A trial of films outside the tables: what scores them better than borrowing from four neighbours by traits?

The tables are cut to the 1,000 most liked films, or to half of a smaller catalogue, and only the likes of the other
films are ranked, among these. The baseline ("today") borrows by traits alone, as before this trial. The variants are

- *kin*: borrowing from neighbours by shared people (and tags, the columns of A) instead of, or in addition to, traits;
  the current tables use one of these;
- *rows*: the column of each other film by least squares over the table's films, c_j = P A_T' a_j with the table's
  inverse P, cut to its largest numbers: an incomplete factorisation by one block;
- *ELSA*: compressed ELSA over all films, alone and added to the borrowed scores.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.evaluate.job import Job
from data_jobs.evaluate.trials.elsa import compressed
from data_jobs.evaluate.trials.inner import Dense, InnerHoldout, gram_of, in_units_of_best
from data_jobs.evaluate.trials.runner import ModelTrial, Scored, TrialVariant, run
from data_jobs.train.borrowing import borrowing, nearest, people_likeness, trait_likeness
from data_jobs.train.ease import penalty
from data_jobs.train.gram import column_squares
from data_jobs.train.material import most_liked
from data_jobs.train.prior import inverted, with_prior
from data_jobs.train.truncate import largest

ALL = 1_000_000
TABLE = 1_000
RIDGES = (80.0, 125.0, 200.0, 300.0)
KIN = tuple(product((False, True), (0.0, 0.5, 1.0), (4, 8), (1.0, 2.0, 4.0)))
"""Whether tags are columns, too; weight of traits; number of neighbours; damping."""
KIN_RIDGE = 200.0
WIDTHS = (4, 16, 64)
SHRINKAGE = (0.0, 5.0)
DIMS = 256
SIZES = (256, 128, 64, 32, 16)
"""Numbers per row of compressed ELSA."""


def part(job: Job) -> ModelTrial:
    """Run this part of an evaluation. Raises DataError."""
    return run(job, "films outside the tables", sparse_rows, ALL, lambda inner: inner.among(~_inside(inner)))


def _inside(inner: InnerHoldout) -> NDArray[np.bool_]:
    """Return which films are in the tables, bool[films]."""
    bench, inside = inner.bench, np.zeros(len(inner.rows), bool)
    inside[most_liked(bench.likes, bench.bundle.catalogue.votes, min(TABLE, len(inner.rows) // 2))] = True
    return inside


def sparse_rows(inner: InnerHoldout) -> Scored:
    """Yield the baseline's borrowed scores at each lambda, and those of the other variants."""
    tables = _CutTables.of(inner)
    for ridge in RIDGES:
        inverse = inverted(tables.gram, penalty(tables.squares, ridge, inner.bench.params.dropout), 0.0)
        weights = with_prior(inverse, None, 0.0)
        borrowed = tables.borrowed(weights, tables.today)
        yield TrialVariant(f"lambda {ridge:g}", today=True), tables.on_all(borrowed)
        for name, neighbours in tables.neighbour_weights() if ridge == KIN_RIDGE else ():
            yield TrialVariant(f"{name}, lambda {ridge:g}"), tables.on_all(tables.borrowed(weights, neighbours))
        for name, scores in tables.regressed(inverse):
            yield TrialVariant(f"{name}, lambda {ridge:g}"), tables.on_all(scores)
            yield TrialVariant(f"{name}, and borrowed, lambda {ridge:g}"), tables.on_all(_summed(scores, borrowed))
    people = inner.training.matrix()
    for size, unit in compressed(people, DIMS, SIZES, seed=0):
        scores = np.asarray((inner.profiles @ unit) @ unit[tables.outside].T, np.float32)
        yield TrialVariant(f"ELSA, {size} numbers"), tables.on_all(scores)
        yield TrialVariant(f"ELSA, {size} numbers, and borrowed"), tables.on_all(_summed(scores, borrowed))


def _summed(scores: Dense, borrowed: Dense) -> Dense:
    """Return the sum of two scores, each in units of the mean of its best 50."""
    return in_units_of_best(scores) + in_units_of_best(borrowed)


@dataclass(frozen=True, slots=True, eq=False)
class _CutTables:
    """Tables cut to some films. ``table``, ``outside``: rows of the films inside and outside. ``design``: A over all
    films; ``gram``: A'A of the table's films; ``squares``: of its columns; ``today``: the baseline's weights of
    neighbours, [outside, table].
    """

    inner: InnerHoldout
    table: NDArray[np.int32]
    outside: NDArray[np.int32]
    design: sp.csc_matrix
    gram: Dense
    squares: Dense
    today: sp.csr_matrix

    @classmethod
    def of(cls, inner: InnerHoldout) -> "_CutTables":
        bench, params = inner.bench, inner.bench.params
        inside = _inside(inner)
        table, outside = (np.flatnonzero(mask).astype(np.int32) for mask in (inside, ~inside))
        design = inner.design().tocsc()
        traits = bench.bundle.catalogue.traits
        today = borrowing(traits, None, table, outside, params.neighbours, params.neighbour_damping)
        matrix = _matrix(today.neighbours, today.weights, len(table))
        squares = column_squares(design.tocsr())[table]
        return cls(inner, table, outside, design, gram_of(design[:, table].tocsr()), squares, matrix)

    def neighbour_weights(self) -> Iterator[tuple[str, sp.csr_matrix]]:
        """Yield the name and the neighbours' weights of each variant of *kin*."""
        places = (self.table, self.outside)
        traits = trait_likeness(self.inner.bench.bundle.catalogue.traits, *places)(0, len(self.outside))
        people = self.design[: self.design.shape[0] - self.inner.tags.shape[0]]
        alike = {
            tagged: people_likeness((self.design if tagged else people).tocsr(), *places)(0, len(self.outside))
            for tagged in (False, True)
        }
        for tagged, share, count, damping in KIN:
            by = "people and tags" if tagged else "people"
            name = f"kin by {by}, traits {share:g}, {count} neighbours, damping {damping:g}"
            yield name, _matrix(*nearest(alike[tagged] + np.float32(share) * traits, count, damping), len(self.table))

    def borrowed(self, weights: Dense, neighbours: sp.csr_matrix) -> Dense:
        """Return the scores of the films outside, borrowed from their neighbours, float32[q, outside]."""
        return np.asarray((self._profiles(neighbours) @ weights) @ neighbours.T, np.float32)

    def regressed(self, inverse: Dense) -> Iterator[tuple[str, Dense]]:
        """Yield the name and the scores of each variant of *rows*, float32[q, outside]."""
        columns = inverse @ (self.design[:, self.table].T @ self.design[:, self.outside]).toarray()
        profiles = self._profiles(self.today)
        squares = column_squares(self.design[:, self.outside].tocsr())
        for width in WIDTHS:
            largest_entries = _matrix(*largest(np.ascontiguousarray(columns.T), width), len(self.table))
            scores = np.asarray(profiles @ largest_entries.T.toarray(), np.float32)
            for shrinkage in SHRINKAGE:
                yield (
                    f"rows, {width} numbers, shrinkage {shrinkage:g}",
                    scores * (squares / (squares + shrinkage + 1e-9)),
                )

    def _profiles(self, neighbours: sp.csr_matrix) -> sp.csr_matrix:
        """Return profiles over the table's films, with each film outside replaced by its neighbours."""
        profiles = self.inner.profiles.tocsc()
        return (profiles[:, self.table] + profiles[:, self.outside] @ neighbours).tocsr()

    def on_all(self, scores: Dense) -> Dense:
        """Return scores over all films, float32[q, films]; -inf for the table's films."""
        out = np.full((len(scores), len(self.table) + len(self.outside)), -np.inf, np.float32)
        out[:, self.outside] = scores
        return out


def _matrix(columns: NDArray[np.uint16], weights: Dense | NDArray[np.float16], films: int) -> sp.csr_matrix:
    rows = np.repeat(np.arange(len(columns)), columns.shape[1])
    entries = (weights.ravel().astype(np.float32), (rows, columns.ravel().astype(np.int64)))
    return sp.csr_matrix(entries, shape=(len(columns), films), dtype=np.float32)
