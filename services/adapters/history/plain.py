"""Reader for any table of films with ratings, dates or a status: a custom one, or a smaller service's export."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.adapters.column_names import ABROAD, folded
from services.adapters.history.collected import SERIES, Collected
from services.adapters.history.tables import day, ids_of, is_day_first, moment, stars
from services.recommender.domain.catalogue import IMDB_ID
from services.recommender.domain.history import EventKind

NAME = "a table of films"
# Our column -> its English names, folded to letters and digits, most certain first; and its key in ``ABROAD``.
_COLUMNS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "title": (("title", "name", "film", "movie", "movietitle", "filmtitle"), "title"),
    "original": (("originaltitle",), "original_title"),
    "year": (("year", "releaseyear", "yearreleased", "releasedate", "released"), "year"),
    "stars": (("yourrating", "myrating", "userrating", "rating10", "rating", "stars", "score"), "value"),
    "seen": (
        (
            "watcheddate", "datewatched", "watchedat", "lastwatched", "lastwatchedat", "daterated", "ratedat", "date",
            "watched", "watchedon", "seen", "seenon", "checked", "timestamp",
        ),
        "ts",
    ),
    "status": (("watchlist", "status", "list"), ""),
    "kind": (("type", "titletype", "mediatype"), ""),
    "account": (("user", "username", "userid", "account", "profile"), "user"),
    "tmdb": (("tmdbid", "tmdb"), ""),
    "imdb": (("imdbid", "imdb", "const", "tconst", "imdburl", "imdblink", "url"), ""),
}  # fmt: skip
_ALIASES = {ours: (*english, *ABROAD.get(abroad, ())) for ours, (english, abroad) in _COLUMNS.items()}
_NOT_FILMS = ("series", "serie", "episode", "season", "show", "tv", "anime", "game", "podcast")
_PLANNED = frozenset({"plantowatch", "watchlist", "wanttowatch", "towatch", "planned", "wishlist"})
_YEAR = re.compile(r"(?<!\d)(?:18|19|20)\d\d(?!\d)")
_OUT_OF = re.compile(r"([\d.,]+)\s*(?:/|out of)\s*(\d+)", re.IGNORECASE)
_WITH_UNIT = re.compile(r"([\d.,]+)\s*(?:stars?|points?)", re.IGNORECASE)
_SYMBOLS = re.compile(r"([★⭐✭✮*]\ufe0f?){1,5}(½?)[☆✩]*")
_SCALES = (5, 10, 100)


def columns_of(names: Iterable[str]) -> dict[str, str]:
    """Return our column -> theirs; {} unless they identify films and have ratings, dates or a status."""
    folds: dict[str, str] = {}
    for name in names:
        folds.setdefault(folded(name), name)
    columns = {
        ours: next(folds[alias] for alias in aliases if alias in folds)
        for ours, aliases in _ALIASES.items()
        if not folds.keys().isdisjoint(aliases)
    }
    has_films = not columns.keys().isdisjoint({"title", "tmdb", "imdb"})
    return columns if has_films and not columns.keys().isdisjoint({"stars", "seen", "status"}) else {}


def plain(
    name: str, columns: Mapping[str, str], rows: Sequence[tuple[int, Mapping[str, Any]]], into: Collected
) -> None:
    """Read the rows of a table; ``columns``: the result of :func:`columns_of`."""
    lines = [(at, {ours: str(row.get(theirs) or "").strip() for ours, theirs in columns.items()}) for at, row in rows]
    best = 10 if folded(columns.get("stars", "")) == "rating10" else _scale([row.get("stars", "") for _, row in lines])
    day_first = is_day_first([row.get("seen", "") for _, row in lines])
    for at, row in lines:
        if any(word in row.get("kind", "").lower() for word in _NOT_FILMS):
            into.skipped[SERIES] += 1
        elif into.includes(row.get("account", "")):
            seen = row.get("seen", "")
            imdb = IMDB_ID.search(f"tt{row['imdb']}" if row.get("imdb", "").isdecimal() else row.get("imdb", ""))
            into.add_rating(
                f"{name}, line {at}",
                (row.get("title", ""), row.get("original", "")),
                int(year[0]) if (year := _YEAR.search(row.get("year", ""))) else None,
                _stars(row.get("stars", ""), best),
                EventKind.CLICK if folded(row.get("status", "")) in _PLANNED else EventKind.WATCH,
                moment(seen) or day(seen, day_first=day_first),
                ids_of({"tmdb": row.get("tmdb", "").removesuffix(".0"), "imdb": imdb[0] if imdb else ""}),
            )


def _scale(cells: Sequence[str]) -> int:
    """Return the top of the scale of these stars: the smallest that none exceeds."""
    values = [float(cell.replace(",", ".")) for cell in cells if re.fullmatch(r"\d+(?:[.,]\d+)?", cell)]
    return next((scale for scale in _SCALES if max(values, default=0) <= scale), _SCALES[-1])


def _stars(text: str, best: int) -> float | None:
    """Parse a rating: on a scale to ``best``, as "4/5", "87%", "4 stars" or "★★★★½"."""
    if symbols := _SYMBOLS.fullmatch(text):
        return len(re.findall(r"[★⭐✭✮*]", text)) + (0.5 if symbols[2] else 0)
    if match := _OUT_OF.fullmatch(text):
        return stars(match[1], int(match[2])) if 0 < int(match[2]) <= _SCALES[-1] else None
    if text.endswith("%"):
        return stars(text[:-1].strip(), 100)
    with_unit = _WITH_UNIT.fullmatch(text)
    return stars(with_unit[1] if with_unit else text, best)
