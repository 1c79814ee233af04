"""Maximal marginal relevance on the best 50 (after Carbonell and Goldstein, SIGIR 1998).

Each step picks the film with the largest lambda * relevance - (1 - lambda) * (similarity to the chosen films); lambda =
1 - diversity. Similarity to the chosen films is their mean, not their maximum: on validation the maximum lost twice the
NDCG for the same diversity. Films beyond the window follow by relevance. The window does not depend on k, so the result
for k = 20 is a prefix of the result for k = 100.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.catalogue import Catalogue

WINDOW = 50

Matrix = NDArray[np.float32]


def likeness(bundle: Bundle, rows: NDArray[np.int32]) -> Matrix:
    """Return the pairwise similarity in 0 ... 1, float32[n, n]: half genre Jaccard, half positive part of the cosine of
    centred vectors; only genres if the bundle has no vectors.
    """
    genres = genre_jaccard(bundle.catalogue.genre_bits[rows])
    if bundle.embeddings is None:
        return genres
    centred = bundle.embeddings.rows(rows) - bundle.embeddings.mean
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    centred /= np.where(length > 0, length, 1)
    cosine: Matrix = np.maximum(centred @ centred.T, 0)
    return np.asarray((genres + cosine) / 2, np.float32)


def genre_jaccard(bits: NDArray[np.uint32], others: NDArray[np.uint32] | None = None) -> Matrix:
    """Return shared genres over all genres of each pair, float32[n, n] or float32[n, others]; 0 if neither has any."""
    others = bits if others is None else others
    shared = np.bitwise_count(bits[:, None] & others[None, :]).astype(np.float32)
    either = np.bitwise_count(bits[:, None] | others[None, :])
    return np.asarray(shared / np.maximum(either, 1), np.float32)


def likeness_by_facts(catalogue: Catalogue, rows: NDArray[np.int32]) -> Matrix:
    """Return half genre Jaccard, half same decade, float32[n, n]: spreads popular films over genres and decades.

    An unknown year matches nothing.
    """
    decades = catalogue.years[rows] // 10
    same = (decades[:, None] == decades[None, :]) & (decades > 0)[:, None]
    return np.asarray((genre_jaccard(catalogue.genre_bits[rows]) + same) / 2, np.float32)


def mmr(
    relevance: NDArray[np.float32], similarity: Matrix, diversity: float, count: int, scale: float
) -> NDArray[np.intp]:
    """Return the first ``count`` films of the window in order: distinct indices into ``relevance``, which is normalised
    by its maximum; ``scale`` multiplies similarity. The choice is greedy, so the order for a smaller count is a prefix
    of that for a larger one.
    """
    n = min(count, len(relevance))
    if len(relevance) < 2 or diversity <= 0:
        return np.arange(n)
    best = float(relevance.max())
    gain = (1 - diversity) * relevance.astype(np.float64) / (best if best > 0 else 1.0)
    cost = np.zeros(len(relevance))
    likeness = similarity.astype(np.float64) * (diversity * scale)
    chosen = np.empty(n, np.intp)
    for step in range(n):
        film = int((gain - cost / max(step, 1)).argmax())
        chosen[step] = film
        gain[film] = -np.inf
        cost += likeness[film]
    return chosen
