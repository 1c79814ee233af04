"""NDCG@k with binary relevance: hits count more the higher they rank.

.. math:: NDCG@k = \\sum_{i=1}^{k} \\frac{[l_i \\in T]}{log_2(i + 1)}
          / \\sum_{i=1}^{min(k, |T|)} \\frac{1}{log_2(i + 1)}

with the list l and the held-out likes T: in the best possible list the first min(k, |T|) films are relevant.

Source: K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 20(4), 2002; the
discount by log2(rank + 1) as in C. Burges et al., "Learning to rank using gradient descent", ICML 2005.
"""

import numpy as np
from numpy.typing import NDArray


def ndcg(ranked: NDArray[np.int32], relevant: NDArray[np.int32], k: int) -> float:
    """Return the binary NDCG of the first k films of ``ranked``; 0 ... 1. ``relevant``: distinct, at least one."""
    if not len(relevant):
        raise ValueError("NDCG needs at least one relevant film")
    discount = 1 / np.log2(np.arange(2, k + 2))
    hits = np.isin(ranked[:k], relevant)
    return float(discount[: len(hits)][hits].sum() / discount[: len(relevant)].sum())
