"""Catalogue coverage@k: the share of the catalogue that is in at least one list.

.. math:: C@k = |\\bigcup_u L_k(u)| / |I|

with the lists L of all people and the catalogue I. Popularity alone shows the same few films to everyone.

Source: M. Ge, C. Delgado-Battenfeld, D. Jannach, "Beyond accuracy: evaluating recommender systems by coverage and
serendipity", RecSys 2010.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def coverage(lists: Iterable[NDArray[np.int32]], films: int) -> float:
    """Return the share of the catalogue's ``films`` films that are in at least one list; 0 ... 1."""
    shown: set[int] = set()
    for ranked in lists:
        shown.update(ranked.tolist())
    return len(shown) / max(films, 1)
