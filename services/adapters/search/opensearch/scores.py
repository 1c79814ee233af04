"""Conversion of engine scores to cosines."""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]


def cosines(scores: Scores, engine: str, space: str) -> Scores:
    """Convert k-NN scores between unit vectors to cosines, float32[n] in -1 ... 1.

    ========= =============== ====================================== ====================================
    engine    space           score                                  cosine
    ========= =============== ====================================== ====================================
    faiss     cosinesimil     (1 + cos) / 2                          2 s - 1
    lucene    cosinesimil     (1 + cos) / 2                          2 s - 1
    nmslib    cosinesimil     1 / (2 - cos)                          2 - 1 / s
    any       innerproduct    1 + cos if cos > 0 else 1 / (1 - cos)  s - 1 if s >= 1 else 1 - 1 / s
    any       l2              1 / (1 + 2 (1 - cos))                  1 - (1 / s - 1) / 2
    ========= =============== ====================================== ====================================

    OpenSearch Serverless uses faiss in both generations, whether or not a mapping says so. Source: OpenSearch
    documentation, "Spaces" under "k-NN vector"; nmslib: "Approximate k-NN search" of version 2.
    Raises ValueError for a pair that is not in the table.
    """
    cosine: NDArray[np.floating]
    if space == "cosinesimil" and engine in ("faiss", "lucene"):
        cosine = 2 * scores - 1
    elif space == "cosinesimil" and engine == "nmslib":
        cosine = 2 - 1 / scores
    elif space == "innerproduct":
        cosine = np.where(scores >= 1, scores - 1, 1 - 1 / np.minimum(scores, 1))
    elif space == "l2":
        cosine = 1 - (1 / scores - 1) / 2
    else:
        raise ValueError(
            f"cannot convert scores of engine {engine!r} with space {space!r} to cosines; "
            "use faiss or lucene with cosinesimil, innerproduct or l2"
        )
    return np.clip(cosine, -1, 1).astype(np.float32)
