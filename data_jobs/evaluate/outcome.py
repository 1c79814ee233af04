"""What a part of an evaluation hands to the reports: tables, figures, bars and panels of the picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_jobs.evaluate.estimate import Estimate

CLEARLY = 2.0
"""Paired standard errors by which one model must be above another where that much is asked for."""

Figure = tuple[str, str, Estimate | float]
"""Model, metric, value: a line of the CSV."""


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table for people; ``notes`` follow it."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: tuple[str, ...] = ()

    @classmethod
    def of_failures(cls, title: str, found: Sequence[str], most: int = 10) -> "Table":
        """A list of what failed, in words and cut, under its number."""
        rest = (f"and {len(found) - most} more, in the JSON file",) if len(found) > most else ()
        return cls(f"{title}: {len(found)}", (), [(each,) for each in found[:most]], rest)


@dataclass(frozen=True, slots=True)
class Bar:
    """What must be reached beside what was: ``wanted`` and ``found`` in words."""

    name: str
    wanted: str
    found: str
    met: bool

    @classmethod
    def share(cls, name: str, found: float, least: float) -> "Bar":
        """A share that must be so large."""
        return cls(name, f">= {least:.0%}" if least < 1 else "all", f"{found:.1%}", found >= least)

    @classmethod
    def above(cls, name: str, ahead: Estimate, errors: float = CLEARLY) -> "Bar":
        """A paired difference that must be above 0 by so many standard errors (negative: not below by more)."""
        wanted = f"above by {errors:g} s.e." if errors > 0 else "above"
        if errors < 0:
            wanted = f"not below by more than {-errors:g} s.e."
        return cls(name, wanted, f"{ahead}", ahead.above(errors))


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled group of horizontal bars in the picture: (label, value, whether it is ours)."""

    title: str
    bars: Sequence[tuple[str, Estimate, bool]]


class Outcome:
    """Base of what a part found: a dataclass whose fields are its entry in the JSON document."""

    def tables(self) -> Iterable[Table]:
        """What is printed."""
        return ()

    def figures(self) -> Iterable[Figure]:
        """What the CSV has."""
        return ()

    def bars(self) -> Iterable[Bar]:
        """What must be reached."""
        return ()

    def panels(self) -> Iterable[Panel]:
        """What the picture shows."""
        return ()
