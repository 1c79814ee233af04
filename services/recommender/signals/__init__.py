"""The terms of the raw score and their weighted sum, from which candidates, ranks and reasons are derived.

A new signal is a class, an entry in ``SIGNALS`` and a weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from services.recommender.domain.best_sums import TableSums
from services.recommender.domain.tables import CollaborativeTables
from services.recommender.signals.collaborative import Collaborative, Latent
from services.recommender.signals.concept import Concept
from services.recommender.signals.content import Content, Novelty
from services.recommender.signals.dislikes import Aversion, Dislikes
from services.recommender.signals.popularity import Esteem, Popularity
from services.recommender.signals.signal import Cause, Cites, Floats, Given, Inputs, LeftOut, Rows, Signal
from services.recommender.signals.tone import Dissonance, Tone
from services.recommender.signals.traits import Sequels, TraitMatch

S = TypeVar("S")


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """``signals`` add up. ``matches`` float32[films] each: terms of a query, added unchanged. ``factor``
    float32[films]: factor on the signals of each film; None for 1. With a query it is how well the film matches, so
    taste re-orders the matches and never replaces them.
    """

    tables: CollaborativeTables
    signals: tuple[Signal, ...]
    matches: dict[str, Floats] = field(default_factory=dict)
    factor: Floats | None = None

    @classmethod
    def of_terms(
        cls,
        tables: CollaborativeTables,
        terms: dict[str, Floats],
        factor: Floats | None = None,
        cites: Mapping[str, Cites] = MappingProxyType({}),
    ) -> "Mixture":
        """Return a sum of terms known for all films, float32[films] each. ``cites``: what reasons name for the terms
        that depend on the taste.
        """
        given = (Given(name, values, cites.get(name, Cites.NOTHING)) for name, values in terms.items())
        return cls(tables, tuple(given), factor=factor)

    @property
    def cites(self) -> dict[str, Cites]:
        """What a reason names for each signal, by name."""
        return {signal.name: signal.cites for signal in self.signals}

    def find(self, kind: type[S]) -> S | None:
        """Return the signal of a class; None if it has no weight."""
        return next((signal for signal in self.signals if isinstance(signal, kind)), None)

    def base(self) -> Floats:
        """Return the sum of the signals known for every film, float32[films], for choosing candidates."""
        total = np.zeros(len(self.tables.position), np.float32)
        in_tables = np.zeros(len(self.tables.rows), np.float32)
        for signal in self.signals:
            dense = signal.dense()
            if dense is not None:
                (in_tables if dense.in_tables else total)[:] += dense.values
        if in_tables.any():
            total += self.tables.spread(in_tables)
        if self.factor is not None:
            total *= self.factor
        for term in self.matches.values():
            total += term
        return total

    def table_sums(self) -> TableSums | None:
        """Return the same sum in parts if it has only the prior and table scores; None otherwise."""
        popular = [signal for signal in self.signals if isinstance(signal, Popularity)]
        others = [dense for signal in self.signals if signal not in popular and (dense := signal.dense()) is not None]
        if len(popular) != 1 or self.matches or not all(dense.in_tables for dense in others):
            return None
        in_tables = np.zeros(len(self.tables.rows), np.float32)
        for dense in others:
            in_tables += dense.values
        return TableSums(in_tables, popular[0].weight, self.factor)

    def terms(self, rows: Rows) -> dict[str, Floats]:
        """Return each weighted term of some films, float32[rows]."""
        gate = self.gate(rows)
        terms = {signal.name: signal.scores(rows) for signal in self.signals}
        if gate is not None:
            terms = {name: term * gate for name, term in terms.items()}
        return terms | {name: term[rows] for name, term in self.matches.items()}

    def gate(self, rows: Rows) -> Floats | None:
        """Return the factor on the signals of some films, float32[rows]; None if it is 1 for all."""
        return None if self.factor is None else self.factor[rows]

    def contributions(self, rows: Rows, films: int) -> Floats:
        """Return what each of the ``films`` of the taste adds to each score, to first order, float32[films, rows]."""
        total = np.zeros((films, len(rows)), np.float32)
        for signal in self.signals:
            part = signal.contributions(rows) if signal.cause is Cause.TASTE else None
            if part is not None:
                total += part
        gate = self.gate(rows)
        return total if gate is None else total * gate

    def influence(self, rows: Rows, left_out: LeftOut) -> dict[str, Floats]:
        """Return by how much each term of each raw score falls without each film, float32[left out, rows] each."""
        gate = self.gate(rows)
        influence = {}
        for signal in self.signals:
            without = signal.without(rows, left_out) if signal.cause is Cause.TASTE else None
            if without is not None:
                fall = signal.scores(rows) - without
                influence[signal.name] = fall if gate is None else fall * gate
        return influence


SIGNALS = (
    Popularity.of, Collaborative.of, Latent.of, TraitMatch.of, Concept.of, Content.of, Novelty.of, Sequels.of,
    Dislikes.of, Aversion.of, Dissonance.of, Tone.of, Esteem.of,
)  # fmt: skip


def mixture_of(inputs: Inputs, factor: Floats | None = None) -> Mixture:
    """Return the signals of a request; one of weight 0 is left out and costs nothing. ``factor``: see ``Mixture``."""
    signals = tuple(signal for make in SIGNALS if (signal := make(inputs)) is not None)
    if inputs.matches is None:
        return Mixture(inputs.bundle.collaborative, signals, factor=factor)
    share = inputs.matches.share if factor is None else inputs.matches.share * factor
    return Mixture(inputs.bundle.collaborative, signals, inputs.matches.terms, share)


__all__ = ["Concept", "Inputs", "LeftOut", "Mixture", "Signal", "TraitMatch", "mixture_of"]
