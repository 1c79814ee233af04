"""Flatten nested values: TMDB's objects, JSON and Python literals in a cell, and fields inside them.

Source: TMDB API v3, ``movie/{id}`` with ``append_to_response`` for the field names, ``genre/movie/list`` for the ids.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from data_jobs.readers.lines import parsed

GENRE_OF_ID = {
    28: "Action", 12: "Adventure", 16: "Animation", 35: "Comedy", 80: "Crime", 99: "Documentary", 18: "Drama",
    10751: "Family", 14: "Fantasy", 36: "History", 27: "Horror", 10402: "Music", 9648: "Mystery", 10749: "Romance",
    878: "Science Fiction", 10770: "TV Movie", 53: "Thriller", 10752: "War", 37: "Western",
}  # fmt: skip
CAST = 10
FLAG = "genre."
"""Prefix of a 0/1 column that says whether a film has a genre."""
_LONGEST = 1 << 20
_SET = frozenset({"1", "1.0", "true", "yes", "x", "y"})
_COUNTRIES = ("US", "GB")
_NOT_FILMS = frozenset(
    {"tvseries", "tvminiseries", "tvepisode", "tvpilot", "tvspecial", "tvshort", "videogame", "tv", "tvshow", "series",
     "episode", "season", "person", "show"}
)  # fmt: skip


def is_film(kind: object) -> bool:
    """Return whether a row of this type ("movie", "tvSeries", "TV Show") is a film."""
    return "".join(str(kind or "").lower().replace("-", " ").split()) not in _NOT_FILMS


def literal(value: object) -> object:
    """Return the value of a cell that holds JSON or a Python literal, or of MongoDB's {"$oid": ...}; any other value
    unchanged.
    """
    if isinstance(value, dict) and len(value) == 1 and next(iter(value))[:1] == "$":
        return next(iter(value.values()))
    if not isinstance(value, str) or value[:1] not in "[{" or len(value) > _LONGEST or value[-1:] not in "]}":
        return value
    inner = parsed(value)
    return value if inner is None else inner


def plain(record: Mapping[str, object]) -> dict[str, object]:
    """Return a record of our columns without nesting, except lists of strings."""
    film = {name: literal(value) for name, value in record.items()}
    flags = [name for name in film if name.startswith(FLAG)]
    if flags:
        film["genres"] = [name.removeprefix(FLAG) for name in flags if _is_set(film.pop(name))]
    for name in [name for name in film if "." in name]:
        ours, value = name.partition(".")[0], film.pop(name)
        film[ours] = [*_as_list(film.get(ours)), *_as_list(value)]
    _lift_nested(film)
    for name in ("genres", "keywords", "cast", "director", "aka", "series", "language"):
        film[name] = _listed(film.get(name))
    for name in ("series", "language"):
        film[name] = _first(film[name])
    if isinstance(overview := film.get("overview"), list):
        film["overview"] = " ".join(part for part in overview if isinstance(part, str))
    if isinstance(film.get("director"), list):
        film["director"] = list(film["director"])  # type: ignore[call-overload]
    if isinstance(cast := film.get("cast"), list):
        film["cast"] = cast[:CAST]
    return film


def _is_set(value: object) -> bool:
    return str(value).strip().lower() in _SET


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _lift_nested(film: dict[str, object]) -> None:
    """Move values out of nested fields into their own fields, if these are empty."""
    credit = film.pop("credits", None)
    if isinstance(credit, dict):
        _set_if_empty(film, "cast", credit.get("cast"))
        _set_if_empty(film, "crew", credit.get("crew"))
    _set_if_empty(film, "director", _directors(film.pop("crew", None)))
    ids = film.pop("genre_ids", None)
    if isinstance(ids, list):
        _set_if_empty(film, "genres", [GENRE_OF_ID.get(each, f"genre {each}") for each in ids if isinstance(each, int)])
    dates = film.pop("release_dates", None)
    if isinstance(dates, dict):
        _set_if_empty(film, "certification", _certification(dates.get("results")))
    outside = film.pop("external_ids", None)
    if isinstance(outside, dict):
        for ours, theirs in (("imdb_id", "imdb_id"), ("imdb_id", "Imdb"), ("tmdb_id", "Tmdb")):
            _set_if_empty(film, ours, outside.get(theirs))
    details = film.pop("details", None)
    if isinstance(details, dict):
        _from_details(film, details)


def _from_details(film: dict[str, object], details: Mapping[str, Any]) -> None:
    """Read an Amazon product's details; its release date is ignored, since it is the disc's, not the film's."""
    values = {str(name).strip(" :").lower(): value for name, value in details.items()}
    fields = {"director": "director", "cast": "actors", "runtime": "run time"}
    for ours, theirs in fields.items():
        _set_if_empty(film, ours, values.get(theirs))
    if isinstance(board := values.get("mpaa rating"), str):
        _set_if_empty(film, "certification", board.split(" (")[0])


def _set_if_empty(film: dict[str, object], name: str, value: object) -> None:
    if not film.get(name) and value:
        film[name] = value


def _directors(crew: object) -> list[str]:
    if not isinstance(crew, list):
        return []
    return _names([each for each in crew if isinstance(each, dict) and each.get("job") == "Director"])


def _certification(results: object) -> str | None:
    """Return the certification of the first of ``_COUNTRIES`` that has one."""
    by_country: dict[str, str] = {}
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict) and isinstance(dates := result.get("release_dates"), list):
            values = (date.get("certification") for date in dates if isinstance(date, dict))
            if certification := next((str(value) for value in values if value), None):
                by_country[str(result.get("iso_3166_1"))] = certification
    return next((by_country[country] for country in _COUNTRIES if country in by_country), None)


def _listed(value: object) -> object:
    """Return the names in a list of objects, or in an object that holds such a list; anything else unchanged."""
    inner = (
        next((each for each in value.values() if isinstance(each, list)), None) if isinstance(value, dict) else value
    )
    if isinstance(value, dict) and inner is None and _name(value):
        inner = [value]
    if isinstance(inner, list) and all(isinstance(each, dict) for each in inner):
        return _names(inner)
    return inner if isinstance(inner, list) else value


def _names(value: object) -> list[str]:
    """Return the names in a list of objects, in an object that holds such a list, or in a list of strings."""
    if isinstance(value, dict):
        inner = next((each for each in value.values() if isinstance(each, list)), None)
        return _names(inner if inner is not None else [value])
    if not isinstance(value, Iterable):
        return []
    return [name for each in value if (name := _name(each))]


def _name(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("name") or value.get("title") or value.get("title_original")
    return value if isinstance(value, str) else ""


def _first(value: object) -> object:
    return (value[0] if value else None) if isinstance(value, list) else value
