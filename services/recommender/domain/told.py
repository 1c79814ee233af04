"""What another service knows of a person, row by row, before it is known which films of the catalogue are meant."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.recommender.domain.events import EventKind

UNDATED_MS = 946_684_800_000
"""The time of rows without one, 2000-01-01: older than what is dated, and the same at every import."""


@dataclass(frozen=True, slots=True)
class Told:
    """``place``: file and line, as a person finds it. ``titles``: the one shown, then others. ``film_ids``: "tmdb:949",
    "tt0113277". ``kind``: rating, like, watch, or click for a watchlist: interest in a film that was not seen.
    ``value`` in stars for a rating. ``ts_ms`` None where no time is given.
    """

    place: str
    titles: tuple[str, ...]
    year: int | None
    kind: EventKind
    value: float = 1.0
    ts_ms: int | None = None
    film_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldHistory:
    """``source``: the service it came from; ``skipped``: rows that are no films or say nothing, by why."""

    source: str
    rows: tuple[Told, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)
