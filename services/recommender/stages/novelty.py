"""Content for films the tables know nothing of: how near their text is to the taste's, fading with every event.

Where people have rated a film, the tables say more than its text does, and content beside them adds nothing
(measured); where nobody has, text is all there is.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.embeddings import Embeddings

Floats = NDArray[np.float32]
# Below this a film has too many events for the term to matter: its vector is not read.
FADED = 0.02


def novel_content(
    embeddings: Embeddings, novelty: Floats, liked: NDArray[np.int32], weights: Floats, rows: NDArray[np.int32]
) -> Floats:
    """novelty x cosine (its positive part) of centred film vectors with their weighted sum over the taste;
    float32[rows], in 0 ... 1. It depends on taste and film alone.
    """
    signal = np.zeros(len(rows), np.float32)
    novel = np.flatnonzero(novelty[rows] >= FADED)
    if not len(novel):
        return signal
    taste = embeddings.centred(liked).total(weights)
    length = float(np.linalg.norm(taste))
    if length > 0:
        cosines = embeddings.centred(rows[novel]).dot(taste / np.float32(length))
        signal[novel] = np.maximum(cosines, 0) * novelty[rows[novel]]
    return signal
