"""The panel on one catalogue: which entries apply to it, and which films satisfy them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.panel.entries import FIRST, LEAST, Entry, Want
from data_jobs.evaluate.panel.facts import FactColumns, Mask

Rows = NDArray[np.int32]

ROOM = 15
"""Number of films that must satisfy an expectation of seven of ten or more; any other needs as many as it asks for."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """An expectation on a catalogue: ``mask`` bool[films] without the films given in the request."""

    want: Want
    mask: Mask

    @property
    def films(self) -> int:
        """Return how many films of the catalogue satisfy it."""
        return int(self.mask.sum())

    def hits(self, rows: Rows) -> int:
        """Return how many of the first films satisfy it."""
        return int(self.mask[rows[: self.want.first]].sum())


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """An entry that applies to the catalogue. ``asked``: rows of its films, in order; ``never`` bool[films]."""

    entry: Entry
    asked: Rows
    wanted: tuple[Wanted, ...]
    never: Mask


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that does not apply to the catalogue, and why."""

    entry: Entry
    why: str


def cases(entries: Iterable[Entry], facts: FactColumns) -> tuple[list[Case], list[Skipped]]:
    """Return the entries that apply to this catalogue, and those that do not."""
    judged = [_case(entry, facts) for entry in entries]
    return [case for case in judged if isinstance(case, Case)], [case for case in judged if isinstance(case, Skipped)]


def _case(entry: Entry, facts: FactColumns) -> Case | Skipped:
    rows = [facts.row_of(film) for film in entry.ask.films]
    if -1 in rows:
        missing = [film for film, row in zip(entry.ask.films, rows, strict=True) if row < 0]
        return Skipped(entry, f"not in the catalogue: {', '.join(missing)}")
    given = np.array(rows, np.int32)
    others = np.ones(len(facts), bool)
    others[given] = False
    expected = tuple(Wanted(want, want.where.mask(facts) & others) for want in entry.wants)
    for each in expected:
        needed = each.want.least
        if each.want.least >= LEAST and each.want.first == FIRST:
            needed = ROOM
        if each.films < needed:
            return Skipped(entry, f"only {each.films} of the {needed} films it needs")
    never = ~others if entry.never is None else ~others | entry.never.mask(facts)
    return Case(entry, given, expected, never)
