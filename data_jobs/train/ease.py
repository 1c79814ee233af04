"""EASE with dropout as its regulariser, in closed form, by the cheaper of two equivalent routes.

P = (A'A + Lambda)^-1 with Lambda = diag(lambda + p / (1 - p) diag(A'A)); B = -P / diag(P) by column, diagonal 0.
B[i, j] is how much film j rises for a person who has film i.

- H. Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019: the closed form and its zero diagonal.
- H. Steck, "Autoencoders that don't overfit towards the identity", NeurIPS 2020 (EDLAE): training under dropout of
  rate p equals the additional p / (1 - p) diag(A'A), which replaces manual tuning of how much popular films are damped.

*Primal*: the Gram matrix of films x films is inverted. *Dual*: with fewer people and tags than films the same P is
D - D A' (I + A D A')^-1 A D with D = Lambda^-1 (Woodbury), and only a matrix of people and tags is factored.
Everything is float32 and deterministic for one number of BLAS threads: set OPENBLAS_NUM_THREADS, and prefer 1, since
on busy cores two threads wait for each other.
"""

from typing import Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import lapack, solve_triangular

from data_jobs.train.gram import Design, Gram, HasGram, blocks, column_squares
from services.recommender.errors import MarqueeError

Dense = NDArray[np.float32]


class TrainingError(MarqueeError):
    """The equations have no usable solution: the parameters don't fit the data."""


class Inverse(Protocol):
    """P for one lambda and dropout. Valid until its solver inverts again."""

    def rows(self, start: int, stop: int) -> Dense:
        """Return rows of B, float32[stop - start, films]: what each of these films adds to every other."""
        ...

    def scores(self, profiles: sp.csr_matrix) -> Dense:
        """Return profiles @ B for float32[q, films] weighted profiles, float32[q, films]."""
        ...


class Solver(Protocol):
    """The part of the solution that does not depend on lambda and dropout, so that several can be tried."""

    films: int
    form: str

    def invert(self, ridge: float, dropout: float) -> Inverse:
        """Return P for a lambda and a dropout rate. Raises TrainingError if it does not exist in float32."""
        ...


def solver_for(equations: HasGram) -> "Solver":
    """Return the cheaper solver for the shape of A, counted in multiplications; without A, the primal one."""
    if isinstance(equations, Design):
        rows, films = equations.rows, equations.films
        if rows**3 / 6 + rows**2 * films / 2 + rows * films**2 < films**3 / 2:
            return DualSolver(equations.matrix())
    return PrimalSolver(equations.gram())


def penalty(squares: Dense, ridge: float, dropout: float) -> Dense:
    """Return the diagonal of Lambda, float32[films], from the diagonal of A'A."""
    return np.asarray(ridge + dropout / (1 - dropout) * squares, np.float32)


def _weights(inverse_rows: Dense, start: int, diagonal: Dense) -> Dense:
    """Turn rows of P into rows of B in place."""
    inverse_rows /= -diagonal
    own = np.arange(len(inverse_rows))
    inverse_rows[own, start + own] = 0
    return inverse_rows


class DualSolver:
    """Solves the dual form. Memory: rows of A x films, float32."""

    form = "dual"

    def __init__(self, design: sp.csr_matrix) -> None:
        self.films: int = design.shape[1]
        self._design = design
        self._squares = column_squares(design)

    def invert(self, ridge: float, dropout: float) -> "DualInverse":
        """See :class:`Solver`."""
        spread = np.reciprocal(penalty(self._squares, ridge, dropout))
        scaled = self._design.multiply(spread[None, :]).tocsr()
        kernel = np.asfortranarray((scaled @ self._design.T).toarray(), np.float32)
        kernel[np.diag_indices_from(kernel)] += 1
        factor = _factored(kernel, ridge)
        half = solve_triangular(factor, scaled.toarray(), lower=True, overwrite_b=True, check_finite=False)
        diagonal = spread - np.einsum("ij,ij->j", half, half)
        if not (diagonal > 0).all():
            raise _singular(ridge)  # cancellation: the true diagonal is below float32 precision
        return DualInverse(spread, half, diagonal)


class DualInverse:
    """P = diag(d) - Z'Z with Z = L^-1 A D and L the Cholesky factor of I + A D A'."""

    def __init__(self, spread: Dense, half: Dense, diagonal: Dense) -> None:
        self._spread = spread
        self._half = half
        self._diagonal = diagonal

    def rows(self, start: int, stop: int) -> Dense:
        """See :class:`Inverse`."""
        inverse: Dense = -(self._half[:, start:stop].T @ self._half)
        own = np.arange(stop - start)
        inverse[own, start + own] += self._spread[start:stop]
        return _weights(inverse, start, self._diagonal)

    def scores(self, profiles: sp.csr_matrix) -> Dense:
        """See :class:`Inverse`; never forms P."""
        product: Dense = (profiles @ self._half.T) @ self._half
        # B = -P / diag(P) off the diagonal; on it that would be -1, which the profile itself puts back to 0.
        product /= self._diagonal
        owners = np.repeat(np.arange(profiles.shape[0]), np.diff(profiles.indptr))
        own = profiles.indices
        product[owners, own] += profiles.data * (1 - self._spread[own] / self._diagonal[own])
        return product


class PrimalSolver:
    """Solves the primal form. Memory: one films x films float32. G stays above the diagonal; below it the matrix is
    factored and inverted in place.
    """

    form = "primal"

    def __init__(self, gram: Gram) -> None:
        self.films: int = len(gram.squares)
        self._squares = gram.squares
        self._square = gram.square

    def invert(self, ridge: float, dropout: float) -> "PrimalInverse":
        """See :class:`Solver`. The result of an earlier call is overwritten."""
        square = self._square
        for start, stop in blocks(self.films):
            square[stop:, start:stop] = square[start:stop, stop:].T
            corner = square[start:stop, start:stop]
            np.copyto(corner, np.triu(corner, 1) + np.triu(corner, 1).T)
        square[np.diag_indices_from(square)] = self._squares + penalty(self._squares, ridge, dropout)
        _, info = lapack.spotri(_factored(square, ridge), lower=1, overwrite_c=1)
        if info:
            raise _singular(ridge)
        return PrimalInverse(square)


class PrimalInverse:
    """P in the lower triangle and diagonal of a Fortran-ordered float32[films, films]."""

    def __init__(self, square: Dense) -> None:
        self._square = square
        self._diagonal = np.diagonal(square).copy()

    def rows(self, start: int, stop: int) -> Dense:
        """See :class:`Inverse`."""
        square = self._square
        corner = np.tril(square[start:stop, start:stop])
        inverse = np.empty((stop - start, len(square)), np.float32)
        inverse[:, :start] = square[start:stop, :start]
        inverse[:, start:stop] = corner + np.tril(corner, -1).T
        inverse[:, stop:] = square[stop:, start:stop].T
        return _weights(inverse, start, self._diagonal)

    def scores(self, profiles: sp.csr_matrix) -> Dense:
        """See :class:`Inverse`."""
        total = np.zeros(profiles.shape, np.float32)
        by_film = profiles.tocsc()
        for start, stop in blocks(len(self._square)):
            total += by_film[:, start:stop] @ self.rows(start, stop)
        return total


def _factored(matrix: Dense, ridge: float) -> Dense:
    """Return the Cholesky factor in the lower triangle, in place of the given Fortran-ordered matrix."""
    factor, info = lapack.spotrf(matrix, lower=1, clean=0, overwrite_a=1)
    if info:
        raise _singular(ridge)
    return np.asarray(factor)


def _singular(ridge: float) -> TrainingError:
    return TrainingError(
        f"the item-item equations cannot be solved in float32 with ridge {ridge:g}; use a larger ridge or dropout"
    )
