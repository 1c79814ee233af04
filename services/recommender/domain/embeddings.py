"""Film vectors in int8 with one scale a row: 24 MB for 62,000 x 384, scored exactly in blocks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# 256 x 384 float32 is 400 KB: it stays in a core's own cache between the conversion and the product, also while
# other cores are busy. Blocks of 2,048 took twice as long there.
BLOCK_ROWS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """``codes`` int8[films, dims], ``scales`` float32[films] (0: the film has no vector), so that row i is
    ``codes[i] * scales[i]``, unit length up to rounding. ``mean`` float32[dims] is the mean film.
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
        """Quantise unit vectors float32[films, dims], zero rows meaning "no vector", by each row's maximum."""
        peak = np.abs(vectors).max(axis=1, initial=0.0)
        scales = (peak / 127).astype(np.float32)
        safe = np.where(scales > 0, scales, 1)
        codes = np.rint(vectors / safe[:, None]).astype(np.int8)
        present = peak > 0
        mean = vectors[present].mean(axis=0) if present.any() else np.zeros(vectors.shape[1])
        return cls(codes, scales, mean.astype(np.float32), encoder_id)

    def rows(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """The vectors of some films, float32[n, dims]."""
        vectors: NDArray[np.float32] = self.codes[rows].astype(np.float32) * self.scales[rows, None]
        return vectors

    def cosines(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Best cosine of each film with any of the unit queries float32[q, dims]; float32[films]."""
        films = len(self.codes)
        cosines = np.empty((len(queries), films), np.float32)
        block = np.empty((min(BLOCK_ROWS, films), self.dims), np.float32)
        for start in range(0, films, BLOCK_ROWS):
            part = self.codes[start : start + BLOCK_ROWS]
            np.copyto(block[: len(part)], part)
            cosines[:, start : start + len(part)] = queries @ block[: len(part)].T
        best: NDArray[np.float32] = cosines.max(axis=0) * self.scales
        return best
