"""Of films that are equally like the others, the better ones first: what the world's votes say of a film."""

from dataclasses import dataclass

import numpy as np

from services.recommender.facts import Facts
from services.recommender.signals.inputs import Inputs
from services.recommender.signals.signal import Dense, Floats, Impersonal, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Esteem(Impersonal):
    """``weight`` of the term for the most esteemed film, see ``Facts.esteem``."""

    weight: float
    facts: Facts
    name: str = "esteem"

    @classmethod
    def of(cls, inputs: Inputs) -> "Esteem | None":
        """None where it has no weight."""
        return cls(inputs.plan.esteem, inputs.facts) if inputs.plan.esteem else None

    def dense(self) -> Dense | None:
        """See :class:`Signal`: for the candidates only; it brings none of its own."""
        return None

    def scores(self, rows: Rows) -> Floats:
        """See :class:`Signal`."""
        return np.asarray(np.float32(self.weight) * self.facts.esteem[rows], np.float32)
