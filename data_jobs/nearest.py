"""Find the exact nearest films of the best known films by their text vectors, in blocks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_jobs.cells import with_cells
from data_jobs.report import Progress
from services.recommender.domain.embeddings import Embeddings
from services.recommender.domain.nearest import NONE, NearestFilms

# The best known films, which are the first rows: as many as the item-item tables hold at most.
FILMS = 20_000
NEIGHBOURS = 150
# Products of a block of films and a span of the catalogue: 8 MB in float32, which stay in the cache.
_BLOCK = 512
_SPAN = 4_096

Floats = NDArray[np.float32]


def searchable(embeddings: Embeddings, progress: Progress) -> tuple[Embeddings, NearestFilms]:
    """Return what a bundle keeps to search vectors fast: the vectors with cells, and the nearest films."""
    embeddings = with_cells(embeddings, progress)
    return embeddings, nearest_films(embeddings, progress)


def nearest_films(
    embeddings: Embeddings, progress: Progress, films: int = FILMS, neighbours: int = NEIGHBOURS
) -> NearestFilms:
    """Return the nearest films of each of the first ``films`` films, ``neighbours`` at most, the film itself included;
    equally near ones by row. A film without a vector has no neighbours and is no film's neighbour.

    62,000 films take about 20 s on one core, a million about 4 minutes, and memory that does not grow with the
    catalogue.
    """
    count, total = min(films, len(embeddings.scales)), len(embeddings.scales)
    rows = np.full((count, min(neighbours, total)), NONE, np.int32)
    cosines = np.zeros(rows.shape, np.float16)
    present = np.flatnonzero(embeddings.scales > 0).astype(np.int32)
    first = present[present < count]
    blocks = [_FilmBlock(embeddings, first[at : at + _BLOCK], rows.shape[1]) for at in range(0, len(first), _BLOCK)]
    for start in range(0, len(present), _SPAN):
        span = present[start : start + _SPAN]
        codes, scales = embeddings.codes[span].astype(np.float32), embeddings.scales[span]
        for block in blocks:
            block.compare(span, codes, scales)
        progress.advance("finding the nearest films", start + len(span), len(present))
    for block in blocks:
        block.fill(rows, cosines)
    return NearestFilms(rows, cosines)


class _FilmBlock:
    """Some films and the nearest found so far.

    Products are those of the codes, whole numbers that float32 sums without rounding up to 1,040 dimensions, times the
    scale of the other film: their order does not depend on the order of the sums.
    """

    def __init__(self, embeddings: Embeddings, films: NDArray[np.int32], neighbours: int) -> None:
        self._films = films
        self._codes = embeddings.codes[films].astype(np.float32)
        self._scales = embeddings.scales[films]
        self._neighbours = neighbours
        # The product of the last of the nearest, once there are enough; only larger ones matter.
        self._least = np.full(len(films), -np.inf, np.float32)
        self._pairs: list[_Pairs] = []
        self._new = 0

    def compare(self, span: NDArray[np.int32], codes: Floats, scales: Floats) -> None:
        """Find the nearest among further films: their rows, ascending, and vectors in parts."""
        products = self._codes @ codes.T
        products *= scales
        least, last = self._least, products.shape[1] - self._neighbours
        if last >= 0 and np.isneginf(least).any():
            least = np.maximum(least, np.partition(products, last, axis=1)[:, last])
        places = np.flatnonzero(products >= least[:, None])
        films, others = np.divmod(places, products.shape[1])
        self._pairs.append(_Pairs(films, span[others], products.ravel()[places]))
        self._new += len(places)
        # Merging lets fewer films pass, but costs more than a span.
        if self._new >= self._neighbours * len(self._films):
            self._merge()

    def fill(self, rows: NDArray[np.int32], cosines: NDArray[np.float16]) -> None:
        """Write the nearest of each film into its row, nearest first."""
        nearest, ranks = self._merge()
        at = self._films[nearest.films]
        rows[at, ranks] = nearest.rows
        cosines[at, ranks] = nearest.products * self._scales[nearest.films]

    def _merge(self) -> tuple["_Pairs", NDArray[np.intp]]:
        """Keep the nearest of the pairs found so far; return them and their ranks from 0."""
        films, rows, products = map(np.concatenate, zip(*self._pairs, strict=True))
        order = np.lexsort((rows, -products, films))
        films = films[order]
        ranks = np.arange(len(films)) - np.searchsorted(films, films)
        is_near = ranks < self._neighbours
        nearest, ranks = _Pairs(films[is_near], rows[order][is_near], products[order][is_near]), ranks[is_near]
        is_last = ranks == self._neighbours - 1
        self._least[nearest.films[is_last]] = nearest.products[is_last]
        self._pairs, self._new = [nearest], 0
        return nearest, ranks


class _Pairs(NamedTuple):
    """Pairs: places of films of a block intp[n], rows of others int32[n], products float32[n]."""

    films: NDArray[np.intp]
    rows: NDArray[np.int32]
    products: Floats
