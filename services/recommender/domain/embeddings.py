"""Film vectors in int8 with one scale per row: 24 MB for 62,000 x 384, scored exactly in blocks.

In a large catalogue a search compares signs first: the share of coordinates whose signs differ grows with the angle
between two vectors (Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002). Only the films
of the shortlist are then scored exactly. In a very large one it looks only into the nearest cells (``cells.py``).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.cells import Cells

# A block of 512 x 384 float32 is 800 KB, which stays in a core's own cache between conversion and product. Blocks of
# 2,048 took twice as long.
BLOCK_ROWS = 512
# From this many films on there is a shortlist. Of 62,000 films it holds a fifteenth, and of the 150 nearest to some
# real films 97 %; the search takes 5 ms of CPU in place of 14 for eight vectors, 1.5 in place of 6 for one.
MANY = 16_384
SHORTLIST = 4_096
# From this many films on they are grouped into cells, and the shortlist is longer: the more films there are, the more
# differ in few signs by chance.
VERY_MANY = 131_072
LONG_SHORTLIST = 8_192
# A film closer to the mean than this counts as the mean film: its direction would be rounding noise.
_NOTHING = np.float32(0.02)
# Bytes of a word of signs.
_WORD = 8
# From this number of queries on, one matrix product is faster than one product per query.
_SEVERAL = 5
# Multiplications up to which a matrix product is computed without copying its operands first, which for a few vectors
# takes longer than the product: 900 films with 5 vectors take 50 microseconds in such parts, 210 as a whole. Parts of
# fewer rows than this gain nothing.
_SMALL, _FEWEST_ROWS = 400_000, 32


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
        products = _products(self.codes, vectors) * self.own
        return np.asarray(products - (vectors @ self.mean)[:, None] * self.shared, np.float32)

    def products(self, others: "Centred") -> NDArray[np.float32]:
        """Return the dot products with other films' vectors, float32[n, others]."""
        return others.dots(self.vectors())

    def vectors(self) -> NDArray[np.float32]:
        """Return the vectors themselves, float32[n, dims]."""
        return self.codes * self.own[:, None] - self.mean * self.shared[:, None]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """``codes`` int8[films, dims], ``scales`` float32[films] (0: no vector); row i is ``codes[i] * scales[i]``, of unit
    length up to rounding. ``mean`` float32[dims] is the mean film. ``cells``: the films by direction, in a very large
    catalogue.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    mean: NDArray[np.float32]
    encoder_id: str
    cells: Cells | None = None

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
        float32[n]. These are all films ``among`` bool[films] that have a vector; in a large catalogue only those of the
        shortlist.
        """
        eligible = self._present if among is None else among & self._present
        if len(self.codes) < MANY:
            rows = np.flatnonzero(eligible)
            return rows.astype(np.int32), self.cosines(queries)[rows]
        rows = self._shortlist(queries, eligible)
        return rows.astype(np.int32), self._best_products(queries, rows) * self.scales[rows]

    def directions(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return some films' vectors minus the mean film at unit length, float32[n, dims]; 0 for a film without one."""
        vectors = self.rows(rows) - self.mean
        vectors[self.scales[rows] == 0] = 0
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)

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

    def _shortlist(self, queries: NDArray[np.float32], eligible: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return the eligible films with the fewest differing signs, ascending, intp[n]: as many as make a shortlist,
        and those that equal the last.
        """
        size = SHORTLIST if len(self.codes) < VERY_MANY else LONG_SHORTLIST
        if self.cells is not None:
            places = self.cells.places(queries - self.mean)
            films = self.cells.order[places]
            passing = np.flatnonzero(eligible[films])
            # If too few films of the nearest cells are eligible, all films are compared.
            if len(passing) >= size:
                differing = self._differing(queries, places[passing])
                return np.sort(films[passing[differing <= _cut(differing, size)]]).astype(np.intp)
        if np.count_nonzero(eligible) <= size:
            return np.flatnonzero(eligible)
        differing = self._differing(queries)
        if self.cells is not None:
            eligible = eligible[self.cells.order]
        differing[~eligible] = np.iinfo(np.uint16).max
        chosen = np.flatnonzero(differing <= _cut(differing, size))
        return chosen if self.cells is None else np.sort(self.cells.order[chosen]).astype(np.intp)

    def _differing(self, queries: NDArray[np.float32], places: NDArray[np.integer] | None = None) -> NDArray[np.uint16]:
        """Return in how many coordinates the signs of each film (or of those at some ``places`` of ``_words``) and of
        the nearest query differ, uint16[n].
        """
        words = self._words if places is None else self._words.take(places, axis=1)
        fewest = np.full(words.shape[1], np.iinfo(np.uint16).max, np.uint16)
        for query in _signs(queries - self.mean):
            count = np.zeros(words.shape[1], np.uint16)
            for word, films in zip(query, words, strict=True):
                count += np.bitwise_count(films ^ word)
            np.minimum(fewest, count, out=fewest)
        return fewest

    @cached_property
    def _present(self) -> NDArray[np.bool_]:
        """Which films have a vector, bool[films]."""
        return self.scales > 0

    @cached_property
    def _words(self) -> NDArray[np.uint64]:
        """The signs of the films' vectors minus the mean film, uint64[words, films], cell by cell if there are any;
        computed on first use.
        """
        order = np.arange(len(self.codes)) if self.cells is None else self.cells.order
        blocks = [_signs(self.rows(order[at : at + BLOCK_ROWS]) - self.mean) for at in range(0, len(order), BLOCK_ROWS)]
        return np.ascontiguousarray(np.concatenate(blocks).T)


def _cut(differing: NDArray[np.uint16], size: int) -> int:
    """Return the number of differing signs that at least ``size`` films do not exceed."""
    return int(np.searchsorted(np.cumsum(np.bincount(differing)), size))


def _best_product(codes: NDArray[np.float32], queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the largest product of each row with any query, float32[rows]."""
    # One product of two or three queries takes longer than a product per query.
    products = [codes @ query for query in queries] if len(queries) < _SEVERAL else queries @ codes.T
    return np.asarray(np.max(products, axis=0), np.float32)


def _products(codes: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the products of each row with each vector, float32[vectors, rows]."""
    rows = _SMALL // max(vectors.size, 1)
    if len(vectors) == 1 or not _FEWEST_ROWS <= rows < len(codes):
        return np.asarray(vectors @ codes.T)
    return np.concatenate([vectors @ codes[at : at + rows].T for at in range(0, len(codes), rows)], axis=1)


def _signs(vectors: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return which coordinates are positive, one bit each, uint64[n, words]."""
    packed = np.packbits(vectors > 0, axis=1)
    return np.pad(packed, ((0, 0), (0, -packed.shape[1] % _WORD))).view(np.uint64)
