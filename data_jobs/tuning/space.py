"""The weights that a search may change, and their bounds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from data_jobs.report import DataError
from services.recommender.domain.weights import Weights


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of a weight. ``log``: searched on a logarithmic scale, for values without a natural 0."""

    low: float
    high: float
    log: bool = False

    def around(self, value: float) -> "Bounds":
        """Return the bounds, widened to include the value in use."""
        return Bounds(min(self.low, value), max(self.high, value), self.log and value > 0)


Space = Mapping[str, Bounds]

# The weight of the collaborative signal is the unit of all others, so it is fixed. Weights that only act without
# ratings, with a query or on similar films have no effect on a validation split.
SEARCH_SPACE: Space = {
    "recency_floor": Bounds(0.0, 1.0),
    "recency_span": Bounds(1.0, 40.0, log=True),
    "blend_half": Bounds(2.0, 30.0, log=True),
    "popularity": Bounds(0.2, 3.0, log=True),
    "popularity_half": Bounds(1.0, 10.0, log=True),
    "standing_popularity": Bounds(0.0, 0.3),
    "traits": Bounds(0.0, 3.0),
    "coherence_half": Bounds(4.0, 64.0, log=True),
    "concept": Bounds(0.0, 5.0),
    "coherent_content": Bounds(0.0, 3.0),
    "coherent_lift": Bounds(0.0, 0.8),
    "certain_events": Bounds(0.5, 20.0, log=True),
    "sequels": Bounds(0.0, 1.0),
    "novelty": Bounds(0.0, 1.5),
    "dissonance": Bounds(0.0, 6.0),
    "tone": Bounds(0.0, 4.0),
    "mmr_likeness": Bounds(0.4, 4.0, log=True),
}


def space_of(names: Collection[str], base: Weights) -> Space:
    """Return the bounds of these weights (all, if empty), widened to include the values in use. Raises DataError."""
    unknown = sorted(set(names) - set(SEARCH_SPACE))
    if unknown:
        raise DataError(f"weight {unknown[0]!r} cannot be searched; expected one of {', '.join(SEARCH_SPACE)}")
    return {
        name: bounds.around(float(getattr(base, name)))
        for name, bounds in SEARCH_SPACE.items()
        if not names or name in names
    }


def with_values(base: Weights, values: Mapping[str, float]) -> Weights:
    """Return the weights with these values replaced."""
    changed: dict[str, float] = dict(values)
    return replace(base, **changed)  # type: ignore[arg-type]


def values_of(weights: Weights, space: Space) -> dict[str, float]:
    """Return the weights' values in a space."""
    return {name: float(getattr(weights, name)) for name in space}
