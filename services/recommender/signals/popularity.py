"""Impersonal signals: how well known and liked a film is, and what worldwide votes say of it.

:class:`Popularity` is the prior, strong for the first likes, weaker for a coherent taste. :class:`Esteem` ranks the
better of equally similar films first.
"""

from dataclasses import dataclass

import numpy as np

from services.recommender.facts import Facts
from services.recommender.signals.signal import Dense, Floats, Impersonal, Inputs, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Popularity(Impersonal):
    """``weight`` of the ``prior`` float32[films]."""

    weight: np.float32
    prior: Floats
    name: str = "popularity"

    @classmethod
    def of(cls, inputs: Inputs) -> "Popularity | None":
        """Return the weighted prior, also with weight 0, as it breaks ties. With a query, fame is a term of the match:
        see ``query.matching``.
        """
        if inputs.matches is not None and not inputs.plan.popularity:
            return None
        return cls(np.float32(inputs.plan.popularity), inputs.facts.prior)

    def dense(self) -> Dense:
        """See :class:`Signal`."""
        return Dense(self.weight * self.prior)

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(self.weight * self.prior[rows], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Esteem(Impersonal):
    """``weight`` of the term for the most esteemed film; see ``Facts.esteem``."""

    weight: float
    facts: Facts
    name: str = "esteem"

    @classmethod
    def of(cls, inputs: Inputs) -> "Esteem | None":
        """Return None without a weight."""
        return cls(inputs.plan.esteem, inputs.facts) if inputs.plan.esteem else None

    def dense(self) -> Dense | None:
        """See :class:`Signal`: for the candidates only; it adds none of its own."""
        return None

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(np.float32(self.weight) * self.facts.esteem[rows], np.float32)
