"""Film vectors for a bench: seeded noise around genre centres, quick to make.

Scoring time depends only on their number and length, so timings are realistic; the search results are meaningless.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.genres import GENRES

DIMS = 384
SEED = 5
# Films of the same genre have a cosine of about .6, films without a common genre about 0.
_SPREAD = 0.8


def simulated_vectors(genre_bits: NDArray[np.uint32], dims: int = DIMS, seed: int = SEED) -> NDArray[np.float32]:
    """Return unit vectors float32[films, dims]; films that share genres are close. ``genre_bits``: see Catalogue."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((len(GENRES), dims), np.float32)
    bits = (genre_bits[:, None] >> np.arange(len(GENRES), dtype=np.uint32)) & np.uint32(1)
    weights = bits.astype(np.float32) / np.sqrt(np.maximum(bits.sum(axis=1, keepdims=True), 1)).astype(np.float32)
    vectors = weights @ centres
    vectors += np.float32(_SPREAD) * rng.standard_normal(vectors.shape, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors, np.float32)
