"""A trial of films beyond the tables: what says more of them than borrowing from four neighbours by traits?

The tables are cut to the 1,000 most liked films, or half of a smaller catalogue, and only the likes of other films are
to be found, among other films. What stood before the trial ("today") borrowed by traits alone. Tried are

- *kin*: borrowing as before, from neighbours by the same people (and tags, the columns of A) instead of, or beside, by
  traits; of these is what is built now;
- *rows*: the column of each other film as least squares over the table's films, which needs the table's inverse P and
  nothing new, c_j = P A_T' a_j, cut to its largest numbers: an incomplete factorisation by one block;
- *ELSA*: compressed ELSA over all films, alone and added to what is borrowed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.evaluate.job import Job
from data_jobs.evaluate.trials.elsa import compressed
from data_jobs.evaluate.trials.inner import Dense, InnerHoldout, gram_of
from data_jobs.evaluate.trials.runner import ModelTrial, Scored, TrialVariant, run
from data_jobs.train.ease import penalty
from data_jobs.train.gram import column_squares
from data_jobs.train.model import most_liked
from data_jobs.train.outside import borrowing, nearest, people_likeness, trait_likeness
from data_jobs.train.prior import inverted, with_prior
from data_jobs.train.truncate import largest

ALL = 1_000_000
TABLE = 1_000
RIDGES = (80.0, 125.0, 200.0, 300.0)
KIN = tuple(product((False, True), (0.0, 0.5, 1.0), (4, 8), (1.0, 2.0, 4.0)))
"""Whether tags are columns, too; the weight of traits; neighbours; damping."""
KIN_RIDGE = 200.0
WIDTHS = (4, 16, 64)
SHRINKAGE = (0.0, 5.0)
DIMS = 256
SIZES = (256, 128, 64, 32, 16)
"""Numbers a row of compressed ELSA."""


def part(job: Job) -> ModelTrial:
    """Run this part of an evaluation."""
    return run(job, "films outside the tables", sparse_rows, ALL, lambda inner: inner.among(~_inside(inner)))


def _inside(inner: InnerHoldout) -> NDArray[np.bool_]:
    """Return which films are in the tables, bool[films]."""
    bench, inside = inner.bench, np.zeros(len(inner.rows), bool)
    inside[most_liked(bench.likes, bench.bundle.catalogue.votes, min(TABLE, len(inner.rows) // 2))] = True
    return inside


def sparse_rows(inner: InnerHoldout) -> Scored:
    """Yield today's borrowed scores at each lambda, and the others."""
    world = _CutTables.of(inner)
    for ridge in RIDGES:
        inverse = inverted(world.gram, penalty(world.squares, ridge, inner.bench.params.dropout), 0.0)
        weights = with_prior(inverse, None, 0.0)
        borrowed = world.borrowed(weights, world.today)
        yield TrialVariant(f"lambda {ridge:g}", today=True), world.on_all(borrowed)
        for name, neighbours in world.kin() if ridge == KIN_RIDGE else ():
            yield TrialVariant(f"{name}, lambda {ridge:g}"), world.on_all(world.borrowed(weights, neighbours))
        for name, scores in world.regressed(inverse):
            yield TrialVariant(f"{name}, lambda {ridge:g}"), world.on_all(scores)
            yield TrialVariant(f"{name}, and borrowed, lambda {ridge:g}"), world.on_all(_both(scores, borrowed))
    people = inner.kept.matrix()
    for size, unit in compressed(people, DIMS, SIZES, seed=0):
        scores = np.asarray((inner.profiles @ unit) @ unit[world.outside].T, np.float32)
        yield TrialVariant(f"ELSA, {size} numbers"), world.on_all(scores)
        yield TrialVariant(f"ELSA, {size} numbers, and borrowed"), world.on_all(_both(scores, borrowed))


def _both(one: Dense, other: Dense) -> Dense:
    """Return the sum of two scores, each in units of the mean of its best 50."""
    return np.asarray(sum(each / np.maximum(_best(each), 1e-9) for each in (one, other)), np.float32)


def _best(scores: Dense) -> Dense:
    return np.asarray(np.sort(scores, axis=1)[:, -50:].mean(axis=1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _CutTables:
    """``table``, ``outside``: rows. ``design``: A over all films; ``gram``: A'A of the table's films; ``today``:
    [outside, table] weights of neighbours.
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
        table, outside = (np.flatnonzero(each).astype(np.int32) for each in (inside, ~inside))
        design = inner.design().tocsc()
        traits = bench.bundle.catalogue.traits
        today = borrowing(traits, None, table, outside, params.neighbours, params.neighbour_damping)
        matrix = _matrix(today.neighbours, today.weights, len(table))
        squares = column_squares(design.tocsr())[table]
        return cls(inner, table, outside, design, gram_of(design[:, table].tocsr()), squares, matrix)

    def kin(self) -> Iterator[tuple[str, sp.csr_matrix]]:
        """Yield the weights of each kind of neighbours."""
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
        """Return the scores of the films outside by their neighbours', float32[q, outside]."""
        return np.asarray((self._profiles(neighbours) @ weights) @ neighbours.T, np.float32)

    def regressed(self, inverse: Dense) -> Iterator[tuple[str, Dense]]:
        """Yield the scores by each kind of rows, float32[q, outside]."""
        columns = inverse @ (self.design[:, self.table].T @ self.design[:, self.outside]).toarray()
        profiles = self._profiles(self.today)
        squares = column_squares(self.design[:, self.outside].tocsr())
        for width in WIDTHS:
            kept = _matrix(*largest(np.ascontiguousarray(columns.T), width), len(self.table))
            scores = np.asarray(profiles @ kept.T.toarray(), np.float32)
            for shrinkage in SHRINKAGE:
                yield (
                    f"rows, {width} numbers, shrinkage {shrinkage:g}",
                    scores * (squares / (squares + shrinkage + 1e-9)),
                )

    def _profiles(self, neighbours: sp.csr_matrix) -> sp.csr_matrix:
        """Return profiles over the table's films, where a film outside stands as its neighbours."""
        profiles = self.inner.profiles.tocsc()
        return (profiles[:, self.table] + profiles[:, self.outside] @ neighbours).tocsr()

    def on_all(self, scores: Dense) -> Dense:
        """Return scores over all films, those of the table last."""
        out = np.full((len(scores), len(self.table) + len(self.outside)), -np.inf, np.float32)
        out[:, self.outside] = scores
        return out


def _matrix(columns: NDArray[np.uint16], weights: Dense | NDArray[np.float16], films: int) -> sp.csr_matrix:
    rows = np.repeat(np.arange(len(columns)), columns.shape[1])
    entries = (weights.ravel().astype(np.float32), (rows, columns.ravel().astype(np.int64)))
    return sp.csr_matrix(entries, shape=(len(columns), films), dtype=np.float32)
