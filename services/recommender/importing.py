"""Import of a history from another service: rows are matched to films, one event per film, with stable event ids."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.recommender import documents
from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.history import Event, EventKind
from services.recommender.domain.imported_history import UNDATED_MS, ImportedHistory, ImportedRow
from services.recommender.domain.profile import CLOCK_SKEW_MS
from services.recommender.errors import Overloaded
from services.recommender.names.finder import Finder
from services.recommender.names.row_matching import How, Match, Matcher
from services.recommender.ports import Deadline, LoggedEvent

LISTED = 100
"""Maximum number of unmatched and of ambiguous rows to list; the others are only counted."""
LOVED = 4.5
"""Stars from which a rating is stronger than a like."""
_CHECK_EVERY = 256


@dataclass(frozen=True, slots=True, eq=False)
class Import:
    """Result of matching a history. ``events``: those to store; ``films``: number of films by how they were matched;
    ``doubtful`` and ``unmatched`` rows, each film once.
    """

    events: tuple[LoggedEvent, ...]
    films: dict[str, int]
    doubtful: tuple[tuple[ImportedRow, Match], ...]
    unmatched: tuple[ImportedRow, ...]


def prepare(finder: Finder, user_id: str, history: ImportedHistory, now_ms: int, deadline: Deadline) -> Import:
    """Match every row and create one event per film. Raises Overloaded if the deadline passes first."""
    matcher = Matcher(finder)
    by_film: dict[int, list[ImportedRow]] = defaultdict(list)
    how: dict[int, How | None] = {}
    doubtful: dict[object, tuple[ImportedRow, Match]] = {}
    unmatched: dict[object, ImportedRow] = {}
    for at, row in enumerate(history.rows):
        if at % _CHECK_EVERY == 0 and deadline.remaining() <= 0:
            raise Overloaded(f"the history has {len(history.rows):,} rows, too many to match in time: send it in parts")
        match = matcher.match(row)
        if match.row >= 0:
            by_film[match.row].append(row)
            how.setdefault(match.row, match.how)
        elif match.candidates:
            doubtful.setdefault((row.titles, row.year), (row, match))
        else:
            unmatched.setdefault((row.titles, row.year), row)
    events = [_event(finder.catalogue.item_ids[film], rows, now_ms) for film, rows in by_film.items()]
    logged_events = tuple(LoggedEvent(event_id_of(user_id, event), user_id, event) for event in events)
    counts = Counter(str(each) for each in how.values())
    return Import(logged_events, dict(counts), tuple(doubtful.values()), tuple(unmatched.values()))


def event_id_of(user_id: str, event: Event) -> str:
    """Return an event id derived from the content, 32 hex digits, so that repeated imports give the same events."""
    content = "\0".join((user_id, event.item_id, event.kind.label, repr(event.value), str(event.ts_ms)))
    return hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=16).hexdigest()


def document(
    finder: Finder, user_id: str, history: ImportedHistory, result: Import, stored: int, first: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the response to an import. ``stored``: number of new events; ``first``: recommendations."""
    matcher, catalogue = Matcher(finder), finder.catalogue
    doubtful = [_listed(catalogue, row, match.candidates) for row, match in result.doubtful[:LISTED]]
    unmatched = [_listed(catalogue, row, matcher.candidates(row)) for row in result.unmatched[:LISTED]]
    kinds = Counter(logged_event.event.kind.label for logged_event in result.events)
    return {
        "user_id": user_id,
        "source": history.source,
        "rows": len(history.rows),
        "films": len(result.events),
        "stored": stored,
        "already_stored": len(result.events) - stored,
        "events": dict(kinds),
        "matched_by": result.films,
        "skipped": dict(history.skipped),
        "doubtful_films": len(result.doubtful),
        "doubtful": doubtful,
        "unmatched_films": len(result.unmatched),
        "unmatched": unmatched,
        "recommendations": list(first),
    }


def _event(item_id: str, rows: Iterable[ImportedRow], now_ms: int) -> Event:
    """Return a film's strongest event: the latest rating, unless a like is stronger; else watched or watchlisted."""
    latest: dict[EventKind, tuple[int, float]] = {}
    for row in rows:
        ts_ms = row.ts_ms if row.ts_ms is not None and row.ts_ms <= now_ms + CLOCK_SKEW_MS else UNDATED_MS
        latest[row.kind] = max(latest.get(row.kind, (0, 0.0)), (ts_ms, row.value))
    kinds = [EventKind.RATING, EventKind.LIKE, EventKind.WATCH, EventKind.CLICK]
    if EventKind.LIKE in latest and latest.get(EventKind.RATING, (0, 0.0))[1] < LOVED:
        kinds = [EventKind.LIKE]
    kind = next(kind for kind in kinds if kind in latest)
    ts_ms, value = latest[kind]
    return Event(item_id, kind, value, ts_ms)


def _listed(catalogue: Catalogue, row: ImportedRow, candidates: Iterable[int]) -> dict[str, Any]:
    """Return an ambiguous or unmatched row, with candidate films."""
    return {
        "place": row.place,
        "title": row.titles[0] if row.titles else ", ".join(row.film_ids),
        "year": row.year,
        "candidates": [documents.film_summary(catalogue, row) for row in candidates],
    }
