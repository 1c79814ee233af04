"""What signals are made from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.by_rows import ByRows
from services.recommender.domain.embeddings import Centred
from services.recommender.domain.weights import Weights
from services.recommender.facts import Facts
from services.recommender.ports import SearchResult
from services.recommender.query.matching import Matches
from services.recommender.signals.plan import Plan
from services.recommender.taste.fold_in import Taste
from services.recommender.taste.traits import Known


@dataclass(frozen=True, eq=False)
class Inputs:
    """One request. ``known``: the traits of its taste; ``hits``: what search found; ``matches``: how far
    every film answers its query, if there is one."""

    facts: Facts
    constants: Weights
    plan: Plan
    taste: Taste
    known: Known
    hits: SearchResult
    matches: Matches | None = None

    @property
    def bundle(self) -> Bundle:
        """The bundle that the request is answered from."""
        return self.facts.bundle

    @cached_property
    def texts(self) -> ByRows[Centred]:
        """Centred vectors of some films, for the signals that compare them."""
        return ByRows()

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """Weights of the taste's films, recency included, float32[taste films]."""
        return self.taste.weights(self.constants)
