"""A bill: lines of units and their cost, by service."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from data_jobs.cost.prices import Price


@dataclass(frozen=True, slots=True)
class Line:
    """``units`` billed in a month at ``price``; ``what``: for what."""

    service: str
    what: str
    units: float
    price: Price

    @property
    def usd(self) -> float:
        """Return US dollars per month."""
        return self.units * self.price.usd


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines of a month; those of a service are adjacent."""

    lines: tuple[Line, ...]

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "Bill":
        """Return a bill of the lines that have units."""
        return cls(tuple(line for line in lines if line.units))

    @property
    def total(self) -> float:
        """Return US dollars per month."""
        return sum(line.usd for line in self.lines)

    def by_service(self) -> Mapping[str, float]:
        """Return US dollars per month by service, in the order of the lines."""
        sums = dict.fromkeys((line.service for line in self.lines), 0.0)
        for line in self.lines:
            sums[line.service] += line.usd
        return sums
