"""The Gram matrix of people and tags, G = X' W X + w C' C, and the matrix A with A'A = G that it comes from."""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

BLOCK_FILMS = 512


def design(people: sp.csr_matrix, tags: sp.csr_matrix, row_exponent: float, tag_weight: float) -> sp.csr_matrix:
    """Return A = [sqrt(W) X; sqrt(tag_weight) C], float32[people with films + tags, films].

    W gives a person with n films the weight n ** row_exponent, rescaled so that the mean person weighs 1.
    """
    lengths = np.diff(people.indptr)
    present = people[lengths > 0]
    blocks = []
    if present.shape[0]:
        weight = lengths[lengths > 0].astype(np.float64) ** row_exponent
        blocks.append(_scaled_rows(present, np.sqrt(weight / weight.mean())))
    if tag_weight > 0 and tags.shape[0]:
        blocks.append(_scaled_rows(tags, np.full(tags.shape[0], np.sqrt(tag_weight))))
    if not blocks:
        return sp.csr_matrix(people.shape, dtype=np.float32)[:0]
    return sp.vstack(blocks, format="csr", dtype=np.float32)


def _scaled_rows(matrix: sp.csr_matrix, factors: NDArray[np.float64]) -> sp.csr_matrix:
    values = matrix.data * np.repeat(factors, np.diff(matrix.indptr)).astype(np.float32)
    return sp.csr_matrix((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def column_squares(design: sp.csr_matrix) -> NDArray[np.float32]:
    """Return the diagonal of A'A, float32[films], summed in double precision."""
    squares = np.bincount(design.indices, design.data.astype(np.float64) ** 2, minlength=design.shape[1])
    return squares.astype(np.float32)


def blocks(size: int, step: int = BLOCK_FILMS) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of consecutive blocks over ``size`` films."""
    for start in range(0, size, step):
        yield start, min(start + step, size)


def upper_gram(design: sp.csr_matrix) -> NDArray[np.float32]:
    """Return A'A in the upper triangle and diagonal of a Fortran-ordered float32[films, films]; below it is undefined.

    One block of columns at a time, from the right, dropping finished columns: half the work of the whole product, and
    never more than one block in addition to the result.
    """
    films = design.shape[1]
    gram = np.empty((films, films), np.float32, order="F")
    rest = design
    for start, stop in reversed(list(blocks(films))):
        rest = rest[:, :stop]
        # CSC on both sides: a column of the product is the sum of the rows of A that have that film.
        product = rest.T @ rest[:, start:stop].tocsc()
        gram[:stop, start:stop] = product.toarray(order="F")
    return gram
