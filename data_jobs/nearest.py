"""Find the exact nearest films of the best known films by their text vectors, in blocks."""

import numpy as np
from numpy.typing import NDArray

from data_jobs.cells import with_cells
from data_jobs.report import Progress
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.nearest import NONE, NearestFilms

# The best known films, which are the first rows: as many as the item-item tables hold at most.
FILMS = 20_000
NEIGHBOURS = 150
# Products of a block of films and a span of the catalogue: 64 MB in float32.
_BLOCK = 512
_SPAN = 32_768

Floats = NDArray[np.float32]


def searchable(embeddings: Embeddings, progress: Progress) -> tuple[Embeddings, NearestFilms]:
    """Return what a bundle keeps to search vectors fast: the vectors with cells, and the nearest films."""
    embeddings = with_cells(embeddings, progress)
    return embeddings, nearest_films(embeddings, progress)


def nearest_films(
    embeddings: Embeddings, progress: Progress, films: int = FILMS, neighbours: int = NEIGHBOURS
) -> NearestFilms:
    """Return the nearest films of each of the first ``films`` films, ``neighbours`` at most, the film itself included.
    A film without a vector has no neighbours and is no film's neighbour.

    62,000 films take about half a minute on one core, and memory that does not grow with the catalogue.
    """
    count, total = min(films, len(embeddings.scales)), len(embeddings.scales)
    rows = np.full((count, min(neighbours, total)), NONE, np.int32)
    cosines = np.zeros(rows.shape, np.float16)
    for start in range(0, count, _BLOCK):
        block = np.arange(start, min(start + _BLOCK, count))
        rows[block], cosines[block] = _of_block(embeddings, block, rows.shape[1])
        progress.advance("finding the nearest films", int(block[-1]) + 1, count)
    return NearestFilms(rows, cosines)


def _of_block(embeddings: Embeddings, block: NDArray[np.intp], count: int) -> tuple[NDArray[np.int32], Floats]:
    queries, total = embeddings.rows(block), len(embeddings.scales)
    best_rows = np.empty((len(block), 0), np.int32)
    best = np.empty((len(block), 0), np.float32)
    for start in range(0, total, _SPAN):
        span = np.arange(start, min(start + _SPAN, total), dtype=np.int32)
        products = queries @ embeddings.rows(span).T
        products[:, embeddings.scales[span] == 0] = -np.inf
        chosen = _best(products, count)
        best_rows = np.concatenate([best_rows, span[chosen]], axis=1)
        best = np.concatenate([best, np.take_along_axis(products, chosen, axis=1)], axis=1)
    chosen = _best(best, count)
    best_rows, best = np.take_along_axis(best_rows, chosen, axis=1), np.take_along_axis(best, chosen, axis=1)
    best[embeddings.scales[block] == 0] = -np.inf
    order = np.lexsort((best_rows, -best), axis=1)
    best_rows, best = np.take_along_axis(best_rows, order, axis=1), np.take_along_axis(best, order, axis=1)
    is_film = np.isfinite(best)
    return np.where(is_film, best_rows, NONE).astype(np.int32), np.where(is_film, best, 0).astype(np.float32)


def _best(products: Floats, count: int) -> NDArray[np.intp]:
    """Return the indices of the ``count`` largest of every row, in no order, intp[rows, <= count]."""
    width = products.shape[1]
    if width <= count:
        return np.broadcast_to(np.arange(width), products.shape)
    return np.argpartition(products, width - count, axis=1)[:, width - count :]
