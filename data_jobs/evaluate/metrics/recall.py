"""Recall@k: the share of a person's held-out likes that is in the list.

.. math:: R@k(u) = |L_k(u) \\cap T(u)| / |T(u)|

with the list's first k films L and the held-out likes T. The divisor is |T|, not min(k, |T|): with 40 held-out likes
the maximum at k = 10 is .25.

Source: C. D. Manning, P. Raghavan, H. Schütze, "Introduction to Information Retrieval", 2008, section 8.3; by position
k as in J. L. Herlocker et al., "Evaluating collaborative filtering recommender systems", TOIS 2004.
"""

import numpy as np
from numpy.typing import NDArray


def recall(ranked: NDArray[np.int32], relevant: NDArray[np.int32]) -> float:
    """Return the share of ``relevant`` (distinct, at least one) in ``ranked``, already cut to k films; 0 ... 1."""
    if not len(relevant):
        raise ValueError("recall needs at least one relevant film")
    return float(np.isin(ranked, relevant).sum() / len(relevant))


def tail_recall(ranked: NDArray[np.int32], relevant: NDArray[np.int32], ranks: NDArray[np.int32], head: int) -> float:
    """Return the recall of the ``relevant`` films outside the ``head`` best known; nan if none is outside."""
    inside = np.where(relevant >= 0, ranks[relevant], len(ranks)) <= head
    return recall(ranked, relevant[~inside]) if not inside.all() else float("nan")
