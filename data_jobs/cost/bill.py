"""A bill: lines of units and what they cost, by service."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from data_jobs.cost.prices import Price


@dataclass(frozen=True, slots=True)
class Line:
    """``units`` of a thing in a month; ``what`` says for what."""

    service: str
    what: str
    units: float
    price: Price

    @property
    def usd(self) -> float:
        """US dollars a month."""
        return self.units * self.price.usd


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines of a month, those of a service together."""

    lines: tuple[Line, ...]

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "Bill":
        """The lines that have units."""
        return cls(tuple(line for line in lines if line.units))

    @property
    def total(self) -> float:
        """US dollars a month."""
        return sum(line.usd for line in self.lines)

    def by_service(self) -> Mapping[str, float]:
        """US dollars a month by service, in the order of the lines."""
        sums = dict.fromkeys((line.service for line in self.lines), 0.0)
        for line in self.lines:
            sums[line.service] += line.usd
        return sums

    def of_service(self, service: str) -> Iterator[Line]:
        """The lines of one service."""
        return (line for line in self.lines if line.service == service)
