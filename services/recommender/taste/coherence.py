"""Coherence of a taste: how much its films resemble each other, e.g. three films by one director.

The mean, over the films, of the trait cosine with the nearer half of the others; the nearer half, because a person with
two clear tastes is coherent, too.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.weights import Weights
from services.recommender.taste.fold_in import Taste
from services.recommender.taste.traits import TraitRows

# Only the newest films are compared; older ones add no information.
NEWEST = 20


def coherence(constants: Weights, taste: Taste, rows: TraitRows, stored: bool) -> float:
    """Return 0 for films as similar as by chance, 1 for films that clearly belong together. ``stored``: they are the
    person's likes so far; otherwise they were given to mean "like these".
    """
    liked = taste.rows[taste.base >= 1]
    if len(liked) < 2:
        single = constants.coherence_single if stored else constants.seeds_single
        return single if len(liked) else 0.0
    alike = alikeness(liked[-NEWEST:], rows)
    if stored:
        return _within(alike, constants.coherence_from, constants.coherence_span, 0.0)
    return _within(alike, constants.seeds_from, constants.seeds_span, constants.seeds_floor)


def _within(alike: float, start: float, span: float, floor: float) -> float:
    return min(max((alike - start) / span, floor), 1.0)


def alikeness(films: NDArray[np.int32], rows: TraitRows) -> float:
    """Return the mean trait cosine of each film with the nearer half of the others, at least one."""
    traits = rows.films(films)
    cosines = traits.overlaps(traits)
    np.fill_diagonal(cosines, -1)
    others = len(films) - 1
    nearer = max(1, others // 2)
    best = np.partition(cosines, len(films) - nearer, axis=1)[:, -nearer:]
    return float(best.mean())
