"""Derive films from events alone, for a log that comes without a catalogue."""

from collections.abc import Sequence

from data_jobs.forms.films import title_id
from data_jobs.forms.part import Part, Space
from data_jobs.forms.rows import batches_of
from data_jobs.readers.fields import Fields, imdb_id
from data_jobs.readers.films import named_of
from data_jobs.readers.merge import Movie
from data_jobs.report import Report

_PREFIX = "film."


def films_of_events(parts: Sequence[Part], report: Report) -> list[Movie]:
    """Return the films named by these events, in file order: by title, or by id if there is none."""
    movies: dict[str, Movie] = {}
    for part in parts:
        report.add("no-catalogue", part.name)
        # Findings about these rows are reported when they are read as events.
        quiet = Report(keep=0)
        names = ("item", *(name for name in part.columns if name.startswith(_PREFIX)))
        for batch in batches_of(part, names, quiet, may_lack_rows=True):
            for row in batch.unique("item", keep="first", maintain_order=True).iter_rows(named=True):
                movie = _movie(part, row.pop("line"), row, quiet)
                if movie is not None:
                    movies.setdefault(movie.item_id, movie)
    return list(movies.values())


def _movie(part: Part, line: int, row: dict[str, object], report: Report) -> Movie | None:
    item = str(row.pop("item")).strip()
    if not item:
        return None
    record = {name.removeprefix(_PREFIX): value for name, value in row.items()}
    if part.space is Space.TITLE:
        record["title"] = item
    elif part.space is Space.TMDB:
        record |= {"tmdb_id": item}
    elif part.space is Space.IMDB:
        record |= {"imdb_id": item}
        item = imdb_id(item) or item
    if not record.get("title"):
        record["title"] = f"{part.space} {item}" if part.space is not Space.OWN else item
    named = named_of(Fields(record, part.name, line, report), item)
    if named is None:
        return None
    film = named.film
    if part.space is Space.TITLE:
        item = title_id(film.title, film.year)
    fields = {name: getattr(film, name) for name in film.__slots__} | {"item_id": item}
    return Movie(item, line, named.title, type(film)(**fields), part.name, part.columns["item"])
