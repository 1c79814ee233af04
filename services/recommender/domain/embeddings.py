"""Film vectors in int8 with one scale per row: 24 MB for 62,000 x 384, scored exactly in blocks."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A block of 512 x 384 float32 is 800 KB, which stays in a core's own cache between conversion and product. Blocks of
# 2,048 took twice as long.
BLOCK_ROWS = 512
# Above this many films a second thread takes half of them: numpy releases the interpreter in both steps, and the time
# goes into reading 24 MB from memory (62,000 films: 5.1 -> 3.2 ms).
SPLIT_FROM = 16_384
# A film closer to the mean than this counts as the mean film: its direction would be rounding noise.
_NOTHING = np.float32(0.02)
_second = ThreadPoolExecutor(1, "marquee-vectors")


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

    def total(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the weighted sum of the vectors, float32[dims]."""
        return np.asarray((weights * self.own) @ self.codes - (weights @ self.shared) * self.mean, np.float32)

    def dots(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the dot products with vectors float32[v, dims], float32[v, n]."""
        products = (vectors @ self.codes.T) * self.own
        return np.asarray(products - (vectors @ self.mean)[:, None] * self.shared, np.float32)

    def products(self, others: "Centred") -> NDArray[np.float32]:
        """Return the dot products with other films' vectors, float32[n, others]."""
        return others.dots(self.codes * self.own[:, None] - self.mean * self.shared[:, None])


@dataclass(frozen=True, slots=True, eq=False)
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
        codes, scales = self.codes[rows].astype(np.float32), self.scales[rows]
        squares = np.einsum("ij,ij->i", codes, codes) * scales**2 - 2 * scales * (codes @ self.mean)
        length = np.sqrt(np.maximum(squares + self.mean @ self.mean, 0))
        shared = np.where((scales > 0) & (length > _NOTHING), 1 / np.maximum(length, _NOTHING), 0).astype(np.float32)
        return Centred(codes, scales * shared, shared, self.mean)

    def cosines(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each film's best cosine with any of the unit queries float32[q, dims]; float32[films]."""
        films = len(self.codes)
        best = np.empty(films, np.float32)
        half = films // 2 if films >= SPLIT_FROM else films
        rest = _second.submit(self._score, queries, half, films, best) if half < films else None
        self._score(queries, 0, half, best)
        if rest is not None:
            rest.result()
        best *= self.scales
        return best

    def _score(self, queries: NDArray[np.float32], start: int, stop: int, best: NDArray[np.float32]) -> None:
        """Write the unscaled best cosines of the films ``start`` to ``stop`` into ``best``."""
        block = np.empty((min(BLOCK_ROWS, stop - start), self.dims), np.float32)
        for at in range(start, stop, BLOCK_ROWS):
            part = self.codes[at : min(at + BLOCK_ROWS, stop)]
            np.copyto(block[: len(part)], part)
            np.max(queries @ block[: len(part)].T, axis=0, out=best[at : at + len(part)])
