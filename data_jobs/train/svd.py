"""Truncated SVD of ratings: R ~ U S V' with 0 where nothing was rated; or, user-centred, R - m 1' with m each person's
mean rating.

Only ratings count: a like has no stars. The k largest singular triplets come from a randomised range finder with power
iterations, exact if k reaches the rank.

Source: N. Halko, P.-G. Martinsson and J. A. Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from data_jobs.records import Events
from data_jobs.train.interactions import standing
from services.recommender.domain.history import EventKind

SVD_FILE = "svd_runtime_data.npz"
# Extra directions beyond k, and passes over the matrix, which make the last of the k accurate enough.
OVERSAMPLING = 16
PASSES = 6
# A singular value below this share of the largest is rounding error.
NOTHING = 1e-6

Dense = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Svd:
    """A truncated SVD. ``factors`` float32[films, k] = V, orthonormal columns, 0 for an unrated film;
    ``singular_values`` float32[k], descending; ``item_means`` float32[films], the mean stars of each film, NaN if
    unrated; ``mean``: of all ratings, in stars. ``centred``: whether each person's mean was subtracted.
    """

    factors: NDArray[np.float32]
    singular_values: NDArray[np.float32]
    item_means: NDArray[np.float32]
    mean: float
    centred: bool = True

    def scaled(self, power: float) -> NDArray[np.float32]:
        """Return V S^power, float32[films, k]: 1 weighs directions as the ratings do, 0 all equally."""
        return np.asarray(self.factors * (self.singular_values / self.singular_values[0]) ** power, np.float32)


def factorise(events: Events, rows: NDArray[np.int32], films: int, k: int, by_person: bool = True) -> Svd | None:
    """Return the SVD of a log; ``rows`` int32 maps the films it was read with to ``films`` catalogue rows. At most k
    factors, fewer if the ratings have a lower rank; None for k = 0 and if no rating differs from its person's mean.
    ``by_person`` False: ratings are not centred.
    """
    ratings = _ratings(events, rows, films)
    if not k or not ratings.nnz:
        return None
    counts = np.bincount(ratings.indices, minlength=films)
    sums = np.bincount(ratings.indices, weights=ratings.data, minlength=films)
    means = np.divide(sums, counts, out=np.full(films, np.nan), where=counts > 0)
    factors, values = truncated_svd(centred(ratings) if by_person else ratings, k)
    if not len(values):
        return None
    return Svd(
        factors.astype(np.float32), values.astype(np.float32), means.astype(np.float32), float(ratings.data.mean()),
        by_person,
    )  # fmt: skip


def _ratings(events: Events, rows: NDArray[np.int32], films: int) -> sp.csr_matrix:
    """Return stars, float64[people, films]; of several events on one film the decisive one counts."""
    film = rows[events.film]
    index = standing(events.user, film, events.kind)
    user, film, kind, stars = events.user[index], film[index], events.kind[index], events.value[index]
    rated = kind == EventKind.RATING
    entries = (stars[rated].astype(np.float64), (user[rated], film[rated]))
    return sp.csr_matrix(entries, shape=(len(events.user_ids), films))


def centred(ratings: sp.csr_matrix) -> sp.csr_matrix:
    """Return each rating minus the mean of its row; unrated entries stay 0."""
    counts = np.diff(ratings.indptr)
    person = np.repeat(np.arange(len(counts)), counts)
    sums = np.bincount(person, weights=ratings.data, minlength=len(counts))
    data = ratings.data - (sums / np.maximum(counts, 1))[person]
    return sp.csr_matrix((data, ratings.indices, ratings.indptr), shape=ratings.shape)


def truncated_svd(matrix: sp.csr_matrix, k: int) -> tuple[Dense, Dense]:
    """Return V float64[columns, at most k] and the singular values, descending. Deterministic."""
    width = min(k + OVERSAMPLING, *matrix.shape)
    basis = np.random.default_rng(0).standard_normal((matrix.shape[1], width))
    for _ in range(PASSES):
        basis, _ = np.linalg.qr(matrix.T @ (matrix @ basis))
    left, _ = np.linalg.qr(matrix @ basis)
    vectors, values, _ = np.linalg.svd(matrix.T @ left, full_matrices=False)
    rank = int(np.count_nonzero(values > NOTHING * max(float(values[0]), NOTHING)))
    vectors, values = vectors[:, : min(k, rank)], values[: min(k, rank)]
    # The sign of a singular vector is arbitrary: its largest entry is made positive.
    largest = np.abs(vectors).argmax(axis=0)
    return vectors * np.sign(vectors[largest, np.arange(len(values))]), values


def write_svd(svd: Svd | None, item_ids: Sequence[str], folder: Path) -> Path | None:
    """Write ``svd_runtime_data.npz`` for other tools: ``item_ids``, ``factors``, ``singular_values``, ``item_means``,
    ``mean`` and ``centred``, for numpy without pickles. Without an SVD the file of an earlier build is removed.
    """
    path = folder / SVD_FILE
    if svd is None:
        path.unlink(missing_ok=True)
        return None
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(
            file,
            item_ids=np.array(item_ids, np.str_),
            factors=svd.factors,
            singular_values=svd.singular_values,
            item_means=svd.item_means,
            mean=np.float32(svd.mean),
            centred=np.bool_(svd.centred),
        )
    part.replace(path)
    return path
