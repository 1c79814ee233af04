"""Film vectors in int8 with one scale per row: 24 MB for 62,000 x 384, scored exactly in blocks.

In a large catalogue a search compares signs first: the share of coordinates whose signs differ grows with the angle
between two vectors (Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002). Only the films
of the shortlist are then scored exactly.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# A block of 512 x 384 float32 is 800 KB, which stays in a core's own cache between conversion and product. Blocks of
# 2,048 took twice as long.
BLOCK_ROWS = 512
# From this many films on there is a shortlist. Of 62,000 films it holds a fifteenth, and of the 150 nearest to some
# real films 97 %; the search takes 5 ms of CPU in place of 14 for eight vectors, 1.5 in place of 6 for one.
MANY = 16_384
SHORTLIST = 4_096
# A film closer to the mean than this counts as the mean film: its direction would be rounding noise.
_NOTHING = np.float32(0.02)
# Bytes of a word of signs.
_WORD = 8
# From this number of queries on, one matrix product is faster than one product per query.
_SEVERAL = 5


@dataclass(frozen=True, slots=True, eq=False)
class Centred:
    """Film vectors minus the mean film, normalised, in factored form: vector i is
    ``codes[i] * own[i] - mean * shared[i]``, zero for a film without a vector. ``codes`` float32[n, dims], ``own`` and
    ``shared`` float32[n], ``mean`` float32[dims].
    """

    codes: NDArray[np.float32]
    own: NDArray[np.float32]
    shared: NDArray[np.float32]
    mean: NDArray[np.float32]

    def take(self, films: NDArray[np.integer]) -> "Centred":
        """Return the vectors of some of the films, in their order."""
        return Centred(self.codes[films], self.own[films], self.shared[films], self.mean)

    def totals(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return sums of the vectors under weights float32[sums, n], float32[sums, dims]."""
        return np.asarray((weights * self.own) @ self.codes - np.outer(weights @ self.shared, self.mean), np.float32)

    def dots(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the dot products with vectors float32[v, dims], float32[v, n]."""
        products = (vectors @ self.codes.T) * self.own
        return np.asarray(products - (vectors @ self.mean)[:, None] * self.shared, np.float32)

    def products(self, others: "Centred") -> NDArray[np.float32]:
        """Return the dot products with other films' vectors, float32[n, others]."""
        return others.dots(self.codes * self.own[:, None] - self.mean * self.shared[:, None])


@dataclass(frozen=True, eq=False)
class Embeddings:
    """``codes`` int8[films, dims], ``scales`` float32[films] (0: no vector); row i is ``codes[i] * scales[i]``, of unit
    length up to rounding. ``mean`` float32[dims] is the mean film.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    mean: NDArray[np.float32]
    encoder_id: str

    @property
    def dims(self) -> int:
        """Length of a vector."""
        return int(self.codes.shape[1])

    @classmethod
    def quantise(cls, vectors: NDArray[np.float32], encoder_id: str) -> "Embeddings":
        """Quantise unit vectors float32[films, dims] by each row's maximum; zero rows mean "no vector"."""
        peak = np.abs(vectors).max(axis=1, initial=0.0)
        scales = (peak / 127).astype(np.float32)
        safe = np.where(scales > 0, scales, 1)
        codes = np.rint(vectors / safe[:, None]).astype(np.int8)
        present = peak > 0
        mean = vectors[present].mean(axis=0) if present.any() else np.zeros(vectors.shape[1])
        return cls(codes, scales, mean.astype(np.float32), encoder_id)

    def rows(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the vectors of some films, float32[n, dims]."""
        vectors: NDArray[np.float32] = self.codes[rows].astype(np.float32) * self.scales[rows, None]
        return vectors

    def centred(self, rows: NDArray[np.integer]) -> Centred:
        """Return some films' vectors minus the mean film, normalised; they are never materialised, as only dot products
        are needed.
        """
        codes, shared = self.codes[rows].astype(np.float32), self._shared[rows]
        fresh = np.flatnonzero(np.isnan(shared))
        if len(fresh):
            shared[fresh] = self._shared[rows[fresh]] = self._inverse_lengths(codes[fresh], self.scales[rows[fresh]])
        return Centred(codes, self.scales[rows] * shared, shared, self.mean)

    @cached_property
    def _shared(self) -> NDArray[np.float32]:
        """1 / length of each film's vector minus the mean film, 0 if it has no direction, NaN until it is needed."""
        return np.full(len(self.scales), np.nan, np.float32)

    def _inverse_lengths(self, codes: NDArray[np.float32], scales: NDArray[np.float32]) -> NDArray[np.float32]:
        # einsum, unlike a product of matrices, gives a row the same value whatever rows it is computed with.
        products = np.einsum("ij,j->i", codes, self.mean)
        squares = np.einsum("ij,ij->i", codes, codes) * scales**2 - 2 * scales * products
        length = np.sqrt(np.maximum(squares + self.mean @ self.mean, 0))
        return np.where((scales > 0) & (length > _NOTHING), 1 / np.maximum(length, _NOTHING), 0).astype(np.float32)

    def cosines(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each film's best cosine with any of the unit queries float32[q, dims]; float32[films]."""
        return self._best_products(queries) * self.scales

    def nearest(
        self, queries: NDArray[np.float32], among: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the films nearest to any of the unit queries float32[q, dims], ascending, and their cosines: int32[n],
        float32[n]. Of the films ``among`` bool[films] that have a vector these are all, in a large catalogue those of
        the shortlist.
        """
        wanted = self.scales > 0 if among is None else among & (self.scales > 0)
        if len(self.codes) < MANY:
            rows = np.flatnonzero(wanted)
            return rows.astype(np.int32), self.cosines(queries)[rows]
        rows = np.flatnonzero(wanted if np.count_nonzero(wanted) <= SHORTLIST else self._shortlist(queries, wanted))
        return rows.astype(np.int32), self._best_products(queries, rows) * self.scales[rows]

    def _best_products(self, queries: NDArray[np.float32], rows: NDArray[np.intp] | None = None) -> NDArray[np.float32]:
        """Return the largest product of the codes of some films, or all, with any query, float32[rows]."""
        films = len(self.codes) if rows is None else len(rows)
        best = np.empty(films, np.float32)
        block = np.empty((min(BLOCK_ROWS, films), self.dims), np.float32)
        for at in range(0, films, BLOCK_ROWS):
            some = slice(at, at + BLOCK_ROWS)
            codes = self.codes[some] if rows is None else self.codes[rows[some]]
            part = block[: len(codes)]
            np.copyto(part, codes)
            best[some] = _best_product(part, queries)
        return best

    def _shortlist(self, queries: NDArray[np.float32], wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the wanted films with the fewest differing signs, bool[films]: ``SHORTLIST`` and those that equal the
        last.
        """
        differing = self._differing(queries)
        differing[~wanted] = np.iinfo(np.uint16).max
        return differing <= np.searchsorted(np.cumsum(np.bincount(differing)), SHORTLIST)

    def _differing(self, queries: NDArray[np.float32]) -> NDArray[np.uint16]:
        """Return in how many coordinates the signs of each film and of the nearest query differ, uint16[films]."""
        fewest = np.full(len(self.codes), np.iinfo(np.uint16).max, np.uint16)
        for query in _signs(queries - self.mean):
            count = np.zeros(len(self.codes), np.uint16)
            for word, films in zip(query, self._words, strict=True):
                count += np.bitwise_count(films ^ word)
            np.minimum(fewest, count, out=fewest)
        return fewest

    @cached_property
    def _words(self) -> NDArray[np.uint64]:
        """The signs of the films' vectors minus the mean film, uint64[words, films]; computed on first use."""
        blocks = [
            _signs(self.rows(np.arange(at, min(at + BLOCK_ROWS, len(self.codes)))) - self.mean)
            for at in range(0, len(self.codes), BLOCK_ROWS)
        ]
        return np.ascontiguousarray(np.concatenate(blocks).T)


def _best_product(codes: NDArray[np.float32], queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the largest product of each row with any query, float32[rows]."""
    # Of two or three queries at once it takes longer than one by one.
    products = [codes @ query for query in queries] if len(queries) < _SEVERAL else queries @ codes.T
    return np.asarray(np.max(products, axis=0), np.float32)


def _signs(vectors: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return which coordinates are positive, one bit each, uint64[n, words]."""
    packed = np.packbits(vectors > 0, axis=1)
    return np.pad(packed, ((0, 0), (0, -packed.shape[1] % _WORD))).view(np.uint64)
