"""Merge films listed under two ids: both lead to one row, so that a seen film is not recommended under its other id."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from data_jobs.catalogue import welcomes
from data_jobs.readers.events import Columns, keep_standing, to_events
from data_jobs.readers.merge import filled
from data_jobs.readers.text import fold
from data_jobs.readers.titles import alike, years_apart
from data_jobs.records import Events, Film
from data_jobs.report import Report

_FILE = "films"


def merge_duplicates(films: tuple[Film, ...], events: Events, report: Report) -> tuple[tuple[Film, ...], Events]:
    """Return the films with those that share a TMDB or IMDb id merged; the best known gives its id and comes first.

    An id that two films share by mistake (another title, or years apart) does not merge them; that is noted.
    """
    head = _heads(films, report)
    if not any(head[row] != row for row in range(len(films))):
        return films, events
    likes = welcomes(len(films), events)
    groups: dict[int, list[int]] = defaultdict(list)
    for row, first in enumerate(head):
        groups[first].append(row)
    merged: list[Film] = []
    new_row = np.zeros(len(films), np.int32)
    for rows in groups.values():
        best = max(rows, key=lambda row: (likes[row], films[row].vote_count or 0, -row))
        new_row[rows] = len(merged)
        merged.append(_merged([films[best], *(films[row] for row in rows if row != best)]))
        for row in rows:
            if row != best:
                duplicate = f"{films[row].item_id}: {films[row].title}"
                report.add("merged-duplicate", _FILE, field="item_id", value=duplicate,
                           expected=f"the film {films[best].item_id}")  # fmt: skip
    return tuple(merged), _on_new_rows(events, new_row, report)


def _heads(films: Sequence[Film], report: Report) -> list[int]:
    """Return for each row the first row of its film."""
    head = list(range(len(films)))
    first: dict[tuple[str, object], int] = {}

    def root(row: int) -> int:
        while head[row] != row:
            row = head[row]
        return row

    for row, film in enumerate(films):
        for kind, value in (("tmdb_id", film.tmdb_id), ("imdb_id", film.imdb_id)):
            if value is None:
                continue
            other, own = root(first.setdefault((kind, value), row)), root(row)
            if other == own:
                continue
            if same_film(films[other], film):
                head[max(own, other)] = min(own, other)
            else:
                both = f"{value}: films {films[other].item_id} and {film.item_id}"
                report.add("shared-tmdb-id", _FILE, field=kind, value=both)
    return [root(row) for row in range(len(films))]


def same_film(film: Film, other: Film) -> bool:
    """Return whether two films that share an id are the same: their years are close, and they share both ids or a
    similar name.
    """
    if years_apart(film.year, other.year):
        return False
    same_ids = film.tmdb_id is not None and film.tmdb_id == other.tmdb_id and film.imdb_id == other.imdb_id
    if same_ids and film.imdb_id is not None:
        return True
    names, other_names = (film.title, *film.aka), (other.title, *other.aka)
    return any(fold(a) == fold(b) for a in names for b in other_names) or alike(film.title, other.title)


def _merged(films: Sequence[Film]) -> Film:
    merged = films[0]
    for film in films[1:]:
        merged = replace(filled(merged, film), other_ids=(*merged.other_ids, film.item_id))
    return merged


def _on_new_rows(events: Events, new_row: "np.ndarray[tuple[int], np.dtype[np.int32]]", report: Report) -> Events:
    """Return the events on the new rows; of a person's events on both duplicates, the decisive one."""
    users = pl.Series(events.user_ids, dtype=pl.String).gather(events.user)
    film = new_row[events.film].astype(np.int32)
    pairs = events.user.astype(np.int64) * (int(new_row.max()) + 1) + film
    if len(np.unique(pairs)) == len(pairs):
        return replace(events, film=film)
    table = pl.DataFrame(
        {"line": np.arange(len(events)), "user": users, "film": film, "kind": events.kind, "value": events.value,
         "ts_ms": events.ts_ms}
    )  # fmt: skip
    quiet = Report(keep=0)
    decisive = keep_standing(table, Columns(_FILE, {}, quiet))
    for code, count in quiet.counts.items():
        report.add_uncited(code, _FILE, count)
    return to_events(decisive)
