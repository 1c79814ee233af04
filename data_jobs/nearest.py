"""Find the nearest films of the best known films by their texts, exactly, in blocks."""

import numpy as np
from numpy.typing import NDArray

from data_jobs.cells import with_cells
from data_jobs.report import Progress
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.nearest import NONE, NearestFilms

# The best known films, which are the first rows: as many as the item-item tables hold at most.
FILMS = 20_000
EACH = 150
# Products of a block of films and a span of the catalogue: 64 MB in float32.
_BLOCK = 512
_SPAN = 32_768

Floats = NDArray[np.float32]


def searchable(embeddings: Embeddings, progress: Progress) -> tuple[Embeddings, NearestFilms]:
    """Return the vectors with all that a bundle keeps to search them fast, and the nearest films."""
    embeddings = with_cells(embeddings, progress)
    return embeddings, nearest_films(embeddings, progress)


def nearest_films(embeddings: Embeddings, progress: Progress, films: int = FILMS, each: int = EACH) -> NearestFilms:
    """Return the ``each`` nearest films of the first ``films`` films, themselves included. Films without a vector have
    none and are none.

    62,000 films take about half a minute of one core, and memory that does not grow with the catalogue.
    """
    count, total = min(films, len(embeddings.scales)), len(embeddings.scales)
    rows = np.full((count, min(each, total)), NONE, np.int32)
    cosines = np.zeros(rows.shape, np.float16)
    for start in range(0, count, _BLOCK):
        block = np.arange(start, min(start + _BLOCK, count))
        rows[block], cosines[block] = _of_block(embeddings, block, rows.shape[1])
        progress.advance("finding the nearest films", int(block[-1]) + 1, count)
    return NearestFilms(rows, cosines)


def _of_block(embeddings: Embeddings, block: NDArray[np.intp], each: int) -> tuple[NDArray[np.int32], Floats]:
    queries, total = embeddings.rows(block), len(embeddings.scales)
    best_rows = np.empty((len(block), 0), np.int32)
    best = np.empty((len(block), 0), np.float32)
    for start in range(0, total, _SPAN):
        span = np.arange(start, min(start + _SPAN, total), dtype=np.int32)
        products = queries @ embeddings.rows(span).T
        products[:, embeddings.scales[span] == 0] = -np.inf
        chosen = _best(products, each)
        best_rows = np.concatenate([best_rows, span[chosen]], axis=1)
        best = np.concatenate([best, np.take_along_axis(products, chosen, axis=1)], axis=1)
    chosen = _best(best, each)
    best_rows, best = np.take_along_axis(best_rows, chosen, axis=1), np.take_along_axis(best, chosen, axis=1)
    best[embeddings.scales[block] == 0] = -np.inf
    order = np.lexsort((best_rows, -best), axis=1)
    best_rows, best = np.take_along_axis(best_rows, order, axis=1), np.take_along_axis(best, order, axis=1)
    there = np.isfinite(best)
    return np.where(there, best_rows, NONE).astype(np.int32), np.where(there, best, 0).astype(np.float32)


def _best(products: Floats, each: int) -> NDArray[np.intp]:
    """Return the indices of the ``each`` largest of every row, in no order, intp[rows, <= each]."""
    width = products.shape[1]
    if width <= each:
        return np.broadcast_to(np.arange(width), products.shape)
    return np.argpartition(products, width - each, axis=1)[:, width - each :]
