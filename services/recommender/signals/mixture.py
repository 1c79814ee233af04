"""The weighted sum of all signals of a request: what candidates, ranks and reasons are taken from."""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from services.recommender.domain.tables import CollaborativeTables
from services.recommender.signals.signal import Cause, Floats, Given, LeftOut, Rows, Signal

S = TypeVar("S")


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """``signals`` add up. ``matches`` float32[films] each: terms of a query as they are. ``factor`` float32[films]: how
    far the signals count for each film; None for whole. With a query that is how well the film matches: taste re-orders
    what was asked for, it does not answer something else.
    """

    tables: CollaborativeTables
    signals: tuple[Signal, ...]
    matches: dict[str, Floats] = field(default_factory=dict)
    factor: Floats | None = None

    @classmethod
    def of_terms(cls, tables: CollaborativeTables, terms: dict[str, Floats], factor: Floats | None = None) -> "Mixture":
        """A sum of terms that are known for all films, float32[films] each, and that no reason is taken from."""
        return cls(tables, tuple(Given(name, values) for name, values in terms.items()), factor=factor)

    def find(self, kind: type[S]) -> S | None:
        """The signal of a kind; None where it has no weight."""
        return next((signal for signal in self.signals if isinstance(signal, kind)), None)

    def base(self) -> Floats:
        """The sum of all that is known of every film, float32[films], for choosing candidates."""
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

    def terms(self, rows: Rows) -> dict[str, Floats]:
        """Each term of some films, float32[rows], as it counts."""
        gate = self.gate(rows)
        terms = {signal.name: signal.scores(rows) for signal in self.signals}
        if gate is not None:
            terms = {name: term * gate for name, term in terms.items()}
        return terms | {name: term[rows] for name, term in self.matches.items()}

    def gate(self, rows: Rows) -> Floats | None:
        """How far the signals count for some films, float32[rows]; None where they count whole."""
        return None if self.factor is None else self.factor[rows]

    def contributions(self, rows: Rows, films: int) -> Floats:
        """What each of the ``films`` of the taste adds to each score, to first order, float32[films, rows]."""
        total = np.zeros((films, len(rows)), np.float32)
        for signal in self.signals:
            part = signal.contributions(rows) if signal.cause is Cause.TASTE else None
            if part is not None:
                total += part
        gate = self.gate(rows)
        return total if gate is None else total * gate

    def falls(self, rows: Rows, left_out: LeftOut) -> dict[str, Floats]:
        """By how much each term of each raw score falls without each suspect, float32[suspects, rows] each."""
        gate = self.gate(rows)
        falls = {}
        for signal in self.signals:
            without = signal.without(rows, left_out) if signal.cause is Cause.TASTE else None
            if without is not None:
                fall = signal.scores(rows) - without
                falls[signal.name] = fall if gate is None else fall * gate
        return falls
