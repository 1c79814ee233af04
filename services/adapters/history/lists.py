"""Readers for list services: Letterboxd, IMDb, Trakt, Simkl."""

from typing import Any

from services.adapters.history.collected import SERIES, Collected
from services.adapters.history.tables import ids_of, moment, rows_of, stars, year_of
from services.recommender.domain.events import EventKind

LETTERBOXD = frozenset({"name", "year", "letterboxd uri"})
IMDB = frozenset({"const", "title"})
_NO_FILM = ("series", "serie", "episode", "game", "podcast", "music")
_PLANNED = frozenset({"plantowatch", "plan to watch"})


def letterboxd(name: str, text: str, into: Collected) -> None:
    """Read a table of a Letterboxd export, recognised by its name and columns."""
    path = name.lower()
    if "deleted/" in path or "orphaned/" in path:
        return
    for line, row in rows_of(name, text):
        if "review" in row or "/lists/" in f"/{path}":
            continue  # the diary has reviews, too; custom lists may be about anything
        place, titles, year = f"{name}, line {line}", (row.get("name", ""),), year_of(row.get("year"))
        seen = moment(row.get("watched date")) or moment(row.get("date"))
        if "watchlist" in path:
            into.add(place, titles, year, EventKind.CLICK, moment(row.get("date")))
        elif "likes" in path or path.rpartition("/")[2] == "films.csv":
            into.add(place, titles, year, EventKind.LIKE, moment(row.get("date")))
        else:
            into.rated(place, titles, year, stars(row.get("rating"), 5), EventKind.WATCH, seen)


def imdb(name: str, text: str, into: Collected) -> None:
    """Read IMDb's ratings or watchlist: rows without a rating are watchlist entries."""
    for line, row in rows_of(name, text):
        if any(word in row.get("title type", "").lower() for word in _NO_FILM):
            into.skipped[SERIES] += 1
            continue
        rating = stars(row.get("your rating"))
        when = moment(row.get("date rated") if rating else row.get("created")) or moment(row.get("created"))
        titles = (row.get("title", ""), row.get("original title", ""))
        ids = ids_of({"imdb": row.get("const")})
        into.rated(f"{name}, line {line}", titles, year_of(row.get("year")), rating, EventKind.CLICK, when, ids)


def trakt(name: str, entries: list[Any], into: Collected) -> None:
    """Read Trakt's ratings, history, watched films and watchlist: entries with a ``movie``."""
    for at, entry in enumerate(entries, 1):
        movie = entry.get("movie") if isinstance(entry, dict) else None
        if not isinstance(movie, dict):
            into.skipped[SERIES] += 1
            continue
        rating = stars(entry.get("rating")) if "rated_at" in entry or "rating" in entry else None
        seen = moment(entry.get("watched_at")) or moment(entry.get("last_watched_at"))
        kind = EventKind.WATCH if seen or "plays" in entry else EventKind.CLICK
        when = moment(entry.get("rated_at")) or seen or moment(entry.get("listed_at"))
        titles = (str(movie.get("title") or ""), str(movie.get("original_title") or ""))
        into.rated(
            f"{name}, entry {at}", titles, year_of(movie.get("year")), rating, kind, when, ids_of(movie.get("ids"))
        )


def simkl(name: str, document: dict[str, Any], into: Collected) -> None:
    """Read Simkl's backup: films under ``movies``, everything else under ``shows`` and ``anime``."""
    for part in ("shows", "anime"):
        others = document.get(part)
        into.skipped[SERIES] += len(others) if isinstance(others, list) else 0
    for at, entry in enumerate(document["movies"], 1):
        movie = entry.get("movie") if isinstance(entry, dict) else None
        if not isinstance(movie, dict):
            into.skipped[SERIES] += 1
            continue
        planned = str(entry.get("status") or "").lower() in _PLANNED
        when = moment(entry.get("user_rated_at")) or moment(entry.get("last_watched_at"))
        into.rated(
            f"{name}, entry {at}",
            (str(movie.get("title") or ""),),
            year_of(movie.get("year")),
            stars(entry.get("user_rating")),
            EventKind.CLICK if planned else EventKind.WATCH,
            when or moment(entry.get("added_to_watchlist_at")),
            ids_of(movie.get("ids")),
        )
