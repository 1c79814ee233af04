"""A person's history in another service, row by row, before its films are matched to the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.recommender.domain.history import EventKind

UNDATED_MS = 946_684_800_000
"""Timestamp of rows without one, 2000-01-01: older than dated rows, and the same at every import."""


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """``place``: file and line, for people to find. ``titles``: the displayed one, then others. ``film_ids``:
    "tmdb:949", "tt0113277". ``kind``: rating, like, watch, or click for a watchlist entry (interest in an unseen film).
    ``value`` in stars for a rating. ``ts_ms`` None if no time is given.
    """

    place: str
    titles: tuple[str, ...]
    year: int | None
    kind: EventKind
    value: float = 1.0
    ts_ms: int | None = None
    film_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedHistory:
    """``source``: the service it comes from; ``skipped``: number of unusable rows by reason."""

    source: str
    rows: tuple[ImportedRow, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)
