"""The outcome of an evaluation's part for the reports: tables, figures, bars and panels of the picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_jobs.evaluate.estimate import Estimate

CLEARLY = 2.0
"""Paired standard errors by which one model must be clearly above another."""

Figure = tuple[str, str, Estimate | float]
"""Model, metric, value: a row of the CSV."""


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; ``notes`` follow it."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: tuple[str, ...] = ()

    @classmethod
    def of_failures(cls, title: str, failures: Sequence[str], limit: int = 10) -> "Table":
        """Return the first ``limit`` failures, under a title with their number."""
        rest = (f"and {len(failures) - limit} more, in the JSON file",) if len(failures) > limit else ()
        return cls(f"{title}: {len(failures)}", (), [(each,) for each in failures[:limit]], rest)


@dataclass(frozen=True, slots=True)
class Bar:
    """A target and the result: ``wanted`` and ``found`` as text."""

    name: str
    wanted: str
    found: str
    met: bool

    @classmethod
    def share(cls, name: str, value: float, least: float) -> "Bar":
        """Return the bar of a share that must be at least ``least``."""
        return cls(name, f">= {least:.0%}" if least < 1 else "all", f"{value:.1%}", value >= least)

    @classmethod
    def above(cls, name: str, ahead: Estimate, errors: float = CLEARLY) -> "Bar":
        """Return the bar of a paired difference that must be above 0 by ``errors`` standard errors; if negative, not
        below 0 by more.
        """
        target = f"above by {errors:g} s.e." if errors > 0 else "above"
        if errors < 0:
            target = f"not below by more than {-errors:g} s.e."
        return cls(name, target, f"{ahead}", ahead.above(errors))


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled group of horizontal bars in the picture: (label, value, whether it is the pipeline's)."""

    title: str
    bars: Sequence[tuple[str, Estimate, bool]]


class Outcome:
    """Base class of outcomes: a dataclass whose fields are its entry in the JSON document."""

    def tables(self) -> Iterable[Table]:
        """Return the tables to print."""
        return ()

    def figures(self) -> Iterable[Figure]:
        """Return the figures of the CSV."""
        return ()

    def bars(self) -> Iterable[Bar]:
        """Return the targets."""
        return ()

    def panels(self) -> Iterable[Panel]:
        """Return the panels of the picture."""
        return ()
