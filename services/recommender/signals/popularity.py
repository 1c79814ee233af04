"""The prior: how well known and liked a film is, strong for the first likes, weaker for a taste with a clear trait."""

from dataclasses import dataclass

import numpy as np

from services.recommender.signals.inputs import Inputs
from services.recommender.signals.signal import Dense, Floats, Impersonal, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Popularity(Impersonal):
    """``values`` float32[films]."""

    values: Floats
    name: str = "popularity"

    @classmethod
    def of(cls, inputs: Inputs) -> "Popularity | None":
        """The prior times its weight; it stays with weight 0, since it orders what nothing else tells apart. In a query
        fame is a term of the match: see ``query.matching``.
        """
        if inputs.matches is not None and not inputs.plan.popularity:
            return None
        return cls(np.float32(inputs.plan.popularity) * inputs.facts.prior)

    def dense(self) -> Dense:
        """See :class:`Signal`."""
        return Dense(self.values)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return self.values[rows]
