"""Additional candidates: films that share the taste's strongest traits, its nearest texts, and its series.

Used for a coherent taste, and if the tables know little about the catalogue.
"""

import numpy as np
from numpy.typing import NDArray

from services.recommender.candidates.retrieval import best_rows
from services.recommender.domain.distinct import distinct
from services.recommender.facts import Facts
from services.recommender.ports import Leg
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste
from services.recommender.taste.traits import Known

# Number of the taste's traits to look up, and the share of films above which a trait is too common to be worth it.
STRONGEST = 24
COMMON = 0.1
EACH = 150


def by_traits(facts: Facts, known: Known, plan: Plan, allowed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the allowed films with the most of the taste's strongest traits, best first; none if the plan ignores
    them.
    """
    if not plan.coherence and not plan.content:
        return np.empty(0, np.int32)
    traits = distinct(known.films.ids)
    traits = traits[(facts.bundle.catalogue.traits.films[traits] <= COMMON * len(allowed)) & (known.taste[traits] > 0)]
    strongest = np.sort(traits[np.argsort(-known.taste[traits], kind="stable")[:STRONGEST]])
    scores = facts.postings.scores(strongest, known.taste[strongest])
    reached = (scores > 0) & allowed[: len(scores)]
    return best_rows(scores * facts.quality[: len(scores)], reached, EACH)


def by_vectors(leg: Leg | None) -> NDArray[np.int32]:
    """Return the films nearest to those of the taste, from search."""
    return np.empty(0, np.int32) if leg is None else leg.rows[:EACH]


def by_series(facts: Facts, taste: Taste, allowed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the allowed films of the series in the taste."""
    parts = facts.series_parts
    return parts[facts.bundle.catalogue.of_same_series(taste.rows, parts) & allowed[parts]]
