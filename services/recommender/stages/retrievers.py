"""Candidates that the tables do not bring: films that share the taste's strongest traits, and its nearest texts.

Asked where it pays: for a coherent taste, and where the tables know little of the catalogue.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.ports import Leg
from services.recommender.stages.facts import Facts
from services.recommender.stages.plan import Plan
from services.recommender.stages.retrieval import best_rows
from services.recommender.stages.taste import Taste
from services.recommender.stages.traits import Known

# Traits of a taste that films are looked up by, and the share of the catalogue above which one tells films apart by
# too little to be worth its postings.
STRONGEST = 24
COMMON = 0.1
EACH = 150


def by_traits(facts: Facts, known: Known, plan: Plan, allowed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The allowed films with most of the taste's strongest traits, best first; none where the plan has no use."""
    if not plan.coherence and not plan.content:
        return np.empty(0, np.int32)
    taste = known.taste * (facts.bundle.catalogue.traits.films <= COMMON * len(allowed))
    strongest = np.argpartition(-taste, min(STRONGEST, len(taste) - 1))[:STRONGEST] if len(taste) else np.empty(0, int)
    strongest = strongest[taste[strongest] > 0]
    scores = np.zeros(len(allowed), np.float32)
    found = facts.postings.scores(strongest, taste[strongest])
    scores[: len(found)] = found
    rows = best_rows(scores * facts.quality, allowed, EACH)
    return rows[scores[rows] > 0]


def by_vectors(leg: Leg | None) -> NDArray[np.int32]:
    """The films nearest to those of the taste, as search found them."""
    return np.empty(0, np.int32) if leg is None else leg.rows[:EACH]


def by_series(facts: Facts, taste: Taste, allowed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The allowed films of the series that films of the taste belong to."""
    parts = facts.series_parts
    return parts[facts.bundle.catalogue.of_same_series(taste.rows, parts) & allowed[parts]]
