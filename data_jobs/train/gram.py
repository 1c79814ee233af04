"""The Gram matrix of people and tags, G = X' W X + w C' C, and the matrix A with A'A = G that it comes from.

People's values are whole numbers of a grid, so their sums are exact: the same to the last bit in any order, in this
process and on any number of machines (:mod:`data_jobs.spark.gram_job`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

BLOCK_FILMS = 512
GRID_BITS = 18
"""A value is a multiple of 2 ** -18: finer than the weights are known, and 60 million people fit a sum of int64."""


@dataclass(frozen=True, slots=True, eq=False)
class Gram:
    """A'A in the upper triangle and diagonal of a Fortran-ordered float32[films, films] (below it is undefined), and
    its diagonal.
    """

    square: NDArray[np.float32]
    squares: NDArray[np.float32]


class HasGram(Protocol):
    """Equations with a Gram matrix, whether counted here or elsewhere."""

    @property
    def films(self) -> int:
        """Return the number of films."""
        ...

    def gram(self) -> Gram:
        """Return the Gram matrix."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """A = [sqrt(unit) X; C]. ``people`` int64[people with films, films] on the grid; ``unit``: the value of 1 in their
    Gram matrix; ``tags`` float32[tags, films], their weight included.
    """

    people: sp.csr_matrix
    unit: float
    tags: sp.csr_matrix

    @property
    def films(self) -> int:
        """Return the number of films."""
        return int(self.tags.shape[1])

    @property
    def rows(self) -> int:
        """Return the number of rows of A."""
        return int(self.people.shape[0] + self.tags.shape[0])

    def matrix(self) -> sp.csr_matrix:
        """Return A, float32[people with films + tags, films]."""
        people = self.people.astype(np.float64)
        people.data *= np.sqrt(self.unit)
        return sp.vstack([people, self.tags], format="csr", dtype=np.float32)

    def gram(self) -> Gram:
        """Return A'A: one block of columns at a time, from the right, dropping finished columns: half the work of the
        whole product, and never more than one block in addition to the result.
        """
        square = np.empty((self.films, self.films), np.float32, order="F")
        people, tags = self.people, self.tags.astype(np.float64)
        for start, stop in reversed(list(blocks(self.films))):
            people, tags = people[:, :stop], tags[:, :stop]
            # CSC on both sides: a column of the product is the sum of the rows of A that have that film.
            sums, of_tags = ((rows.T @ rows[:, start:stop].tocsc()).toarray(order="F") for rows in (people, tags))
            square[:stop, start:stop] = joined(sums, self.unit, of_tags)
        return Gram(square, np.diagonal(square).copy())


def joined(sums: NDArray[np.int64], unit: float, of_tags: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return people's sums plus those of tags, in double precision until the end."""
    return np.asarray(sums * unit + of_tags, np.float32)


def design(people: sp.csr_matrix, tags: sp.csr_matrix, row_exponent: float, tag_weight: float) -> Design:
    """Return the equations of people (float32[people, films], their weights) and tags (float32[tags, films]).

    A person with n films weighs n ** row_exponent, rescaled so that the mean weight is 1; one without films weighs 0.
    """
    films = people.shape[1]
    lengths = np.diff(people.indptr)
    present, lengths = people[lengths > 0], lengths[lengths > 0]
    values = on_grid(present.data, np.repeat(lengths, lengths), films, row_exponent)
    grid = sp.csr_matrix((values, present.indices, present.indptr), shape=present.shape)
    unit = unit_of(np.bincount(lengths), films, row_exponent)
    return Design(grid, unit, weighted(tags, tag_weight))


def weighted(tags: sp.csr_matrix, weight: float) -> sp.csr_matrix:
    """Return the rows of A for tags, float32[tags, films]; none if their weight is 0."""
    return tags.astype(np.float32) * np.float32(np.sqrt(weight)) if weight > 0 else tags[:0]


def on_grid(
    weights: NDArray[np.float32], lengths: NDArray[np.integer], films: int, row_exponent: float
) -> NDArray[np.int64]:
    """Return weight x length ** (exponent / 2) of each entry as whole numbers of the grid, int64[n].

    With a positive exponent lengths are relative to the number of ``films``, so that no value leaves the grid.
    """
    factors = (lengths / (films if row_exponent > 0 else 1)) ** (row_exponent / 2)
    return np.asarray(np.rint(weights.astype(np.float64) * factors * 2**GRID_BITS), np.int64)


def unit_of(people: NDArray[np.int64], films: int, row_exponent: float) -> float:
    """Return the value of 1 in the Gram matrix of the grid; ``people`` int64[longest + 1]: how many people have 0, 1,
    2, ... films.
    """
    present = np.flatnonzero(people[1:]) + 1
    if not len(present):
        return 0.0
    weights = (present / (films if row_exponent > 0 else 1)) ** row_exponent
    mean = fsum((people[present] * weights).tolist()) / int(people[present].sum())
    return float(4.0**-GRID_BITS / mean)


def column_squares(matrix: sp.csr_matrix) -> NDArray[np.float32]:
    """Return the diagonal of A'A, float32[films], summed in double precision."""
    squares = np.bincount(matrix.indices, matrix.data.astype(np.float64) ** 2, minlength=matrix.shape[1])
    return squares.astype(np.float32)


def blocks(size: int, step: int = BLOCK_FILMS) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of consecutive blocks over ``size`` films."""
    for start in range(0, size, step):
        yield start, min(start + step, size)
