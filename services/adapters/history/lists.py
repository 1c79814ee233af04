"""Readers for list services: Letterboxd, IMDb, Trakt, Simkl."""

from pathlib import PurePosixPath
from typing import Any

from services.adapters.history.archive import refused
from services.adapters.history.collected import NO_OPINION, SERIES, UNSEEN, Collected
from services.adapters.history.tables import day, header_of, ids_of, moment, rows_of, stars, year_of
from services.recommender.domain.history import EventKind

LETTERBOXD = frozenset({"name", "year", "letterboxd uri"})
IMDB = frozenset({"const", "title"})
_NOT_FILMS = ("series", "serie", "episode", "game", "podcast", "music")
_SIMKL = ("movies", "anime", "shows")
_PLANNED = frozenset({"plantowatch", "plan to watch", "watching", "hold"})
_SKIPPED_STATUSES = {"dropped": UNSEEN, "notinteresting": NO_OPINION}


def letterboxd(name: str, text: str, into: Collected) -> None:
    """Read a table of a Letterboxd export, recognised by its name and columns. Raises InvalidRequest if it needs a
    name.
    """
    path = PurePosixPath(name.lower())
    if path.parent.name in ("deleted", "orphaned", "lists"):
        return  # custom lists may be about anything
    kind = EventKind.WATCH if "rating" in header_of(text).names else _kind_by_name(path)
    for line, row in rows_of(name, text):
        when = moment(row.get("watched date")) or moment(row.get("date"))
        place, titles, year = f"{name}, line {line}", (row.get("name", ""),), year_of(row.get("year"))
        into.add_rating(place, titles, year, stars(row.get("rating"), 5), kind, when)


def _kind_by_name(path: PurePosixPath) -> EventKind:
    """Return the meaning of a table without ratings, by its name: watched, liked and watchlist films have
    the same columns.
    """
    if path.parent.name == "likes" or path.name.startswith(("films", "likes")):
        return EventKind.LIKE
    if "watchlist" in path.name:
        return EventKind.CLICK
    if "watched" in path.name:
        return EventKind.WATCH
    raise refused(
        f"{path.name} may be Letterboxd's watched.csv, watchlist.csv or likes/films.csv, which look alike: send it "
        "under the name it had (?filename=watchlist.csv), or the whole export"
    )


def imdb(name: str, text: str, into: Collected) -> None:
    """Read IMDb's ratings or watchlist, in today's format or that of up to 2017: rows without a rating are watchlist
    entries.
    """
    for line, row in rows_of(name, text):
        if any(word in row.get("title type", "").lower() for word in _NOT_FILMS):
            into.skipped[SERIES] += 1
            continue
        rating = stars(row.get("your rating") or row.get("you rated"))
        when = moment(row.get("date rated")) if rating else None
        when = when or day(row.get("created", ""), day_first=False)
        titles = (row.get("title", ""), row.get("original title", ""))
        ids = ids_of({"imdb": row.get("const")})
        into.add_rating(f"{name}, line {line}", titles, year_of(row.get("year")), rating, EventKind.CLICK, when, ids)


def trakt(name: str, entries: list[Any], into: Collected) -> None:
    """Read Trakt's ratings, history, watched films and watchlist: entries with a ``movie``."""
    for at, entry in enumerate(entries, 1):
        movie = entry.get("movie") if isinstance(entry, dict) else None
        if not isinstance(movie, dict):
            into.skipped[SERIES] += 1
            continue
        if "hidden_at" in entry or "comment" in entry:
            into.skipped[NO_OPINION] += 1
            continue
        rating = stars(entry.get("rating")) if "rated_at" in entry or "rating" in entry else None
        watched_ms = moment(entry.get("watched_at")) or moment(entry.get("last_watched_at"))
        kind = EventKind.WATCH if watched_ms or "plays" in entry else EventKind.CLICK
        when = moment(entry.get("rated_at")) or watched_ms or moment(entry.get("listed_at"))
        titles = (str(movie.get("title") or ""), str(movie.get("original_title") or ""))
        into.add_rating(
            f"{name}, entry {at}", titles, year_of(movie.get("year")), rating, kind, when, ids_of(movie.get("ids"))
        )


def is_simkl(document: object) -> bool:
    """Return whether a JSON document is Simkl's backup."""
    parts = [document.get(part) for part in _SIMKL] if isinstance(document, dict) else []
    return any(
        isinstance(entry, dict) and any(isinstance(entry.get(key), dict) for key in ("movie", "show"))
        for part in parts
        if isinstance(part, list)
        for entry in part
    )


def simkl(name: str, document: dict[str, Any], into: Collected) -> None:
    """Read Simkl's backup: ``movies``, and the films among ``anime``."""
    for part in _SIMKL:
        entries = document.get(part)
        for at, entry in enumerate(entries if isinstance(entries, list) else [], 1):
            entry = entry if isinstance(entry, dict) else {}
            movie = entry.get("show" if part == "anime" and entry.get("anime_type") == "movie" else "movie")
            if part == "shows" or not isinstance(movie, dict):
                into.skipped[SERIES] += 1
            else:
                _simkl_film(f"{name}, {part} {at}", entry, movie, into)


def _simkl_film(place: str, entry: dict[str, Any], movie: dict[str, Any], into: Collected) -> None:
    status, rating = str(entry.get("status") or "").lower(), stars(entry.get("user_rating"))
    if rating is None and status in _SKIPPED_STATUSES:
        into.skipped[_SKIPPED_STATUSES[status]] += 1
        return
    when = moment(entry.get("user_rated_at")) or moment(entry.get("last_watched_at"))
    into.add_rating(
        place,
        (str(movie.get("title") or ""),),
        year_of(movie.get("year")),
        rating,
        EventKind.CLICK if status in _PLANNED else EventKind.WATCH,
        when or moment(entry.get("added_to_watchlist_at")),
        ids_of(movie.get("ids")),
    )
