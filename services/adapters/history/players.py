"""Readers for players: Netflix, Jellyfin's Playback Reporting, Tautulli for Plex.

A played film counts as watched, not as liked.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from services.adapters.history.collected import SERIES, UNSEEN, Collected
from services.adapters.history.tables import Row, day, ids_in, is_day_first, moment, rows_of, seconds_of, year_of
from services.recommender.domain.history import EventKind
from services.recommender.names.folding import title_and_year

NETFLIX = frozenset({"title", "date"})
NETFLIX_FULL = frozenset({"title", "start time", "duration", "supplemental video type"})
JELLYFIN = frozenset({"datecreated", "itemname"})
TAUTULLI = frozenset({"media_type", "watched_status"})
# The plug-in's own backup has no header line.
JELLYFIN_COLUMNS = (
    "datecreated", "userid", "itemid", "itemtype", "itemname", "playbackmethod", "clientname", "devicename",
    "playduration",
)  # fmt: skip
# A film counts as watched after this much total playing time, or this share of it, if known.
PLAYED_S, PLAYED_PERCENT = 30 * 60, 80
# Netflix's names of series episodes, in several languages; "Kill Bill: Vol. 1" does not match.
_PARTS = re.compile(
    r": (?:(?:limited |mini-?)series|season|series|part|volume|vol\.|chapter|episode|book|collection|staffel|miniserie"
    r"|teil|folge|saison|partie|épisode|mini-série|temporada|parte|episodio|capítulo|stagione|seizoen|sezon|sæson"
    r"|säsong|sesong|sezonul|évad|сезон)\b[^:]*: |: (?:シーズン|시즌|第)\s?\d",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"(\d+):(\d\d):(\d\d)")


def netflix(name: str, text: str, into: Collected) -> None:
    """Read Netflix's viewing history, short or full: titles without years. Playing times of a film add up."""
    rows = [(line, row) for line, row in rows_of(name, text) if into.includes(row.get("profile name", ""))]
    day_first = is_day_first([row.get("date", "") for _, row in rows])
    played: dict[str, float] = defaultdict(float)
    for _, row in rows:
        played[row.get("title", "")] += _seconds(row)
    for line, row in rows:
        title = row.get("title", "")
        if _PARTS.search(title):
            into.skipped[SERIES] += 1
        elif row.get("supplemental video type") or played[title] < PLAYED_S:
            into.skipped[UNSEEN] += 1
        else:
            when = moment(row.get("start time")) or day(row.get("date", ""), day_first=day_first)
            into.add(f"{name}, line {line}", (title,), None, EventKind.WATCH, when)


def jellyfin(name: str, text: str, into: Collected, *, headings: bool) -> None:
    """Read Playback Reporting's activity: played items and their seconds. ``headings``: the table has a header line."""
    played: dict[str, float] = defaultdict(float)
    latest: dict[str, tuple[str, Row]] = {}
    for line, row in rows_of(name, text, () if headings else JELLYFIN_COLUMNS):
        if row.get("itemtype", "Movie").lower() != "movie":
            into.skipped[SERIES] += 1
        elif into.includes(row.get("userid", "")):
            film = row.get("itemid") or row.get("itemname", "")
            seconds = seconds_of(row.get("playduration", ""))
            played[film] += PLAYED_S if seconds is None else seconds
            latest[film] = (f"{name}, line {line}", row)
    for film, (place, row) in latest.items():
        if played[film] < PLAYED_S:
            into.skipped[UNSEEN] += 1
            continue
        title, year = title_and_year(row.get("itemname", ""))
        into.add(place, (title,), year, EventKind.WATCH, moment(row.get("datecreated", "")[:19]))


def tautulli(name: str, rows: Iterable[tuple[int, Mapping[str, Any]]], into: Collected) -> None:
    """Read Tautulli's history, from its table or its API; Plex ids are in ``guid`` and ``guids``."""
    for at, row in rows:
        if str(row.get("media_type") or "").lower() != "movie":
            into.skipped[SERIES] += 1
        elif not into.includes(str(row.get("friendly_name") or row.get("user") or "")):
            continue
        elif not _is_watched(row):
            into.skipped[UNSEEN] += 1
        else:
            title, year = title_and_year(str(row.get("full_title") or row.get("title") or ""))
            titles = (title, str(row.get("original_title") or ""))
            when = moment(row.get("stopped")) or moment(row.get("date")) or moment(row.get("started"))
            ids = ids_in(str(row.get("guid") or ""), str(row.get("guids") or ""))
            into.add(
                f"{name}, line {at}", titles, year_of(row.get("year")) or year, EventKind.WATCH, when, film_ids=ids
            )


def _is_watched(row: Mapping[str, Any]) -> bool:
    try:
        percent = float(row.get("percent_complete") or 0)
        return percent >= PLAYED_PERCENT or float(row.get("watched_status") or 0) >= 1
    except (TypeError, ValueError):
        return False


def _seconds(row: Row) -> float:
    """Return a Netflix row's playing time in seconds; if it has none, enough to count as watched."""
    match = _LENGTH.fullmatch(row.get("duration", ""))
    if match is None:
        return PLAYED_S
    hours, minutes, seconds = map(int, match.groups())
    return hours * 3_600 + minutes * 60 + seconds
