"""How much a film is like those that the person disliked: never more than the plan's weight, and below 0."""

from dataclasses import dataclass

import numpy as np

from services.recommender.candidates.retrieval import dislike_penalty
from services.recommender.domain.tables import CollaborativeTables
from services.recommender.signals.inputs import Inputs
from services.recommender.signals.signal import Dense, Floats, Impersonal, Rows
from services.recommender.taste.fold_in import entries


@dataclass(frozen=True, slots=True, eq=False)
class Dislikes(Impersonal):
    """``values`` float32[T], in table space."""

    tables: CollaborativeTables
    values: Floats
    name: str = "dislike"

    @classmethod
    def of(cls, inputs: Inputs) -> "Dislikes | None":
        """None where nothing was disliked."""
        if not inputs.plan.dislike:
            return None
        tables, taste = inputs.bundle.collaborative, inputs.taste
        penalty = dislike_penalty(tables, entries(tables, taste.disliked), taste.dislike_weights)
        return cls(tables, np.float32(-inputs.plan.dislike) * penalty)

    def dense(self) -> Dense:
        """See :class:`Signal`."""
        return Dense(self.values, in_tables=True)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.tables.at(self.values, rows)
