"""Intra-list diversity: how unlike each other the films of one list are.

.. math:: ILD(L) = 1 - \\frac{1}{|L| (|L| - 1)} \\sum_{i \\ne j \\in L} sim(i, j)

The likeness is that of the re-rank: half genre Jaccard, half the positive part of the cosine of centred vectors.

Source: C.-N. Ziegler, S. M. McNee, J. A. Konstan, G. Lausen, "Improving recommendation lists through topic
diversification", WWW 2005 (as a distance: M. Zhang, N. Hurley, RecSys 2008).
"""

import numpy as np
from numpy.typing import NDArray


def intra_list_diversity(likeness: NDArray[np.float32]) -> float:
    """Return 1 - mean likeness over the pairs of a list; ``likeness`` float32[n, n], the diagonal is ignored.

    0 for fewer than two films.
    """
    n = len(likeness)
    if n < 2:
        return 0.0
    pairs = float(likeness.sum(dtype=np.float64)) - float(np.trace(likeness, dtype=np.float64))
    return 1 - pairs / (n * (n - 1))
