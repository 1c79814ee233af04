"""How far the films of a taste belong together: what a recommender should make of three films by one director.

Of each film, the mean trait cosine with the nearer half of the others: the nearer half, since somebody with two clear
tastes has a clear taste.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.weights import Weights
from services.recommender.stages.taste import Taste
from services.recommender.stages.traits import TraitRows

# The newest films tell what a person is after; more of them tell nothing that these don't.
NEWEST = 20


def coherence(constants: Weights, taste: Taste, rows: TraitRows, stored: bool) -> float:
    """0 for films as alike as chance has them, 1 for films that clearly belong together. ``stored``: they are what the
    person has liked so far; else they were chosen to say "like these".
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
    """Mean trait cosine of each film with the nearer half of the others, one at least."""
    traits = rows.films(films)
    cosines = traits.overlaps(traits)
    np.fill_diagonal(cosines, -1)
    others = len(films) - 1
    nearer = max(1, others // 2)
    best = np.partition(cosines, len(films) - nearer, axis=1)[:, -nearer:]
    return float(best.mean())
