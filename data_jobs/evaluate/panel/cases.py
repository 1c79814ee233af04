"""The panel on one catalogue: the entries that apply to it, and the films that satisfy them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.panel.entries import FIRST, LEAST, Entry, Want
from data_jobs.evaluate.panel.facts import FactColumns, Mask

Rows = NDArray[np.int32]

ROOM = 15
"""Minimum number of satisfying films for an expectation of seven of ten or more; others need as many as they expect."""


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """An expectation on a catalogue. ``mask`` bool[films]: the satisfying films, without those given in the request."""

    want: Want
    mask: Mask

    @property
    def films(self) -> int:
        """Return the number of films that satisfy it."""
        return int(self.mask.sum())

    def hits(self, rows: Rows) -> int:
        """Return how many of the first ``want.first`` rows satisfy it."""
        return int(self.mask[rows[: self.want.first]].sum())


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """An entry that applies to the catalogue. ``given``: rows of the films in the request, in order; ``never``
    bool[films]: the films that must not be shown.
    """

    entry: Entry
    given: Rows
    expectations: tuple[Expectation, ...]
    never: Mask


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that does not apply to the catalogue, and why."""

    entry: Entry
    why: str


def cases(entries: Iterable[Entry], facts: FactColumns) -> tuple[list[Case], list[Skipped]]:
    """Return the entries that apply to this catalogue, and those that do not."""
    results = [_case(entry, facts) for entry in entries]
    return [case for case in results if isinstance(case, Case)], [case for case in results if isinstance(case, Skipped)]


def _case(entry: Entry, facts: FactColumns) -> Case | Skipped:
    rows = [facts.row_of(film) for film in entry.request.films]
    if -1 in rows:
        missing = [film for film, row in zip(entry.request.films, rows, strict=True) if row < 0]
        return Skipped(entry, f"not in the catalogue: {', '.join(missing)}")
    given = np.array(rows, np.int32)
    not_given = np.ones(len(facts), bool)
    not_given[given] = False
    expected = tuple(Expectation(want, want.where.mask(facts) & not_given) for want in entry.wants)
    for expectation in expected:
        want = expectation.want
        needed = ROOM if want.least >= LEAST and want.first == FIRST else want.least
        if expectation.films < needed:
            return Skipped(entry, f"only {expectation.films} of the {needed} films it needs")
    never = ~not_given if entry.never is None else ~not_given | entry.never.mask(facts)
    return Case(entry, given, expected, never)
