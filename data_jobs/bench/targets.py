"""The targets compared with the measurements. A target counts for the catalogue size and engines it was set for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LARGE = (60_000, 10**9)
SMALL = (9_000, 11_000)
ANY = (0, 10**9)
_FOR = {LARGE: "62,000 films", SMALL: "ml-latest-small", ANY: "any"}
EMBEDDED = frozenset({"embedded", "sqlite"})
REMOTE = frozenset({"opensearch", "dynamodb"})


@dataclass(frozen=True, slots=True)
class Target:
    """``place``: path into the figures. ``bound``: upper limit, or lower if ``at_least``. ``films``: for which
    catalogue size. ``engines``: those the run must have used.
    """

    what: str
    unit: str
    place: tuple[str, ...]
    bound: float
    films: tuple[int, int] = LARGE
    at_least: bool = False
    engines: frozenset[str] = EMBEDDED

    @property
    def set_for(self) -> str:
        """Return catalogue and engines in words."""
        return ", ".join([_FOR[self.films], *sorted(self.engines - EMBEDDED)])

    def is_met(self, value: float) -> bool:
        """Return whether a value meets the target."""
        return value >= self.bound if self.at_least else value <= self.bound


# All of the server's threads, including the clients of both engines.
_OWN = ("http", "uncached", "recommend", "cpu_p50")
TARGETS = (
    Target("/recommend uncached, p50", "ms", ("http", "uncached", "recommend", "p50"), 6.0),
    Target("/recommend uncached, p95", "ms", ("http", "uncached", "recommend", "p95"), 12.0),
    Target("/recommend cached, p95", "ms", ("http", "cached", "p95"), 2.5),
    Target("pipeline alone, p50", "ms", ("pipeline", "mix", "p50"), 4.0),
    Target("explanations by template, added to 20 films, p50", "ms", ("explain", "template_ms"), 1.0, ANY),
    Target("explanations by model, cached, added to 20 films, p50", "ms", ("explain", "kept_ms"), 2.0, ANY),
    Target("free-text query embedding, p50", "ms", ("encoder", "p50"), 5.0, ANY),
    Target("fresh answers, 8 connections", "1/s", ("http", "throughput", "fresh"), 400.0, SMALL, at_least=True),
    Target("resident memory without encoder", "MB", ("http", "memory", "without_encoder", "rss"), 250.0),
    Target("resident memory with encoder", "MB", ("http", "memory", "with_encoder", "rss"), 450.0),
    Target("own CPU of /recommend uncached, p50", "ms", _OWN, 6.0, engines=REMOTE),
    Target("loading the index", "s", ("index", "seconds"), 90.0, engines=frozenset({"opensearch"})),
)


def verdicts(figures: Mapping[str, Any], films: int, engines: Iterable[str] = EMBEDDED) -> list[dict[str, Any]]:
    """Return one entry per target: what, measured (None: not measured), target, for which catalogue and engines, and
    ``met`` (None if the target was set for another catalogue or for engines not in ``engines``, or nothing was
    measured).
    """
    used = frozenset(engines)
    return [_verdict(target, figures, films, used) for target in TARGETS]


def _verdict(target: Target, figures: Mapping[str, Any], films: int, engines: frozenset[str]) -> dict[str, Any]:
    value = value_at(figures, target.place)
    counts = target.films[0] <= films <= target.films[1] and target.engines <= engines
    return {
        "what": target.what,
        "unit": target.unit,
        "measured": value,
        "target": f"{'>=' if target.at_least else '<='} {target.bound:g}",
        "for": target.set_for,
        "met": target.is_met(value) if counts and value is not None else None,
    }


def value_at(figures: Mapping[str, Any], place: Sequence[str]) -> float | None:
    """Return the number at a path, None if there is none."""
    value: Any = figures
    for name in place:
        value = value.get(name) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) else None
