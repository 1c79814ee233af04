"""Marquee's own format, for people who have neither MovieLens nor TMDB: a catalogue and an event log.

Both come as JSON lines or as CSV; ``docs/data.md`` has them field by field.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import polars as pl

from data_jobs.readers.events import Columns, check_events, keep_standing, to_events
from data_jobs.readers.fields import Fields
from data_jobs.readers.files import read_table
from data_jobs.readers.films import film_of
from data_jobs.readers.lines import read_json_lines
from data_jobs.records import Events, Film
from data_jobs.report import Progress, Report
from services.recommender.domain.events import EventKind

FILM_FIELDS = (
    "item_id",
    "title",
    "year",
    "genres",
    "director",
    "cast",
    "keywords",
    "runtime",
    "certification",
    "series",
    "language",
    "overview",
    "tmdb_id",
    "imdb_id",
    "popularity",
    "vote_count",
    "vote_average",
    "tagline",
    "poster_path",
)
EVENT_FIELDS = ("user_id", "item_id", "event", "value", "ts")
_KINDS = {kind.label: int(kind) for kind in EventKind}
_NAMES = {"user_id": "user", "item_id": "item", "value": "value", "ts": "ts"}
_BATCH = 200_000


def read_catalogue(path: Path, report: Report) -> list[Film]:
    """The films of a catalogue, JSON lines unless the name ends in ``.csv``, in its order.

    Raises DataError for a missing, empty or broken file and a CSV without item_id or title.
    """
    films: dict[str, Film] = {}
    unknown: set[str] = set()
    for line, record in _records(path, report):
        _note_unknown(record, FILM_FIELDS, unknown, path.name, report)
        film = _film(Fields(record, path.name, line, report))
        if film is not None and films.setdefault(film.item_id, film) is not film:
            report.add("duplicate-film", path.name, line=line, field="item_id", value=film.item_id)
    return list(films.values())


def _records(path: Path, report: Report) -> Iterator[tuple[int, Mapping[str, object]]]:
    if path.suffix.lower() != ".csv":
        yield from read_json_lines(path, report)
        return
    for row in read_table(path, report, ("item_id", "title"), None).iter_rows(named=True):
        yield row.pop("line"), row


def _note_unknown(
    record: Mapping[str, object], known: tuple[str, ...], seen: set[str], file: str, report: Report
) -> None:
    """One note for each field name that this format does not have."""
    for name in record.keys() - set(known) - seen:
        seen.add(name)
        report.add("unknown-field", file, field=name, expected=", ".join(known))


def _film(fields: Fields) -> Film | None:
    item_id = fields.key("item_id")
    film = None if item_id is None else film_of(fields, item_id, "language")
    if film is not None and not film.genres:
        fields.report.add("no-genres", fields.file, line=fields.line, field="item_id", value=film.item_id)
    return film


def read_events(path: Path, item_ids: list[str], report: Report, progress: Progress) -> Events:
    """An event log, JSON lines unless the name ends in ``.csv``; ``film`` are rows of ``item_ids``.

    Raises DataError for a missing, empty or broken file and a CSV that lacks a column.
    """
    if path.suffix.lower() == ".csv":
        table = read_table(path, report, tuple(name for name in EVENT_FIELDS if name != "value"), ("value",))
        if "value" not in table.columns:
            table = table.with_columns(value=pl.lit(""))
    else:
        table = _log(path, report, progress)
    columns = Columns(path.name, {ours: theirs for theirs, ours in _NAMES.items()}, report)
    event = pl.col("event").str.strip_chars().str.to_lowercase()
    table = columns.drop(table, ~event.is_in(list(_KINDS)), "unknown-event", "event", ", ".join(_KINDS))
    kind = event.replace_strict(_KINDS, return_dtype=pl.UInt8).alias("kind")
    checked = check_events(table.with_columns(kind).drop("event").rename(_NAMES), item_ids, columns)
    return to_events(keep_standing(checked, columns))


def _log(path: Path, report: Report, progress: Progress) -> pl.DataFrame:
    """The JSON lines as a table of strings, in batches, so that a long log never is a list of objects."""
    schema = {"line": pl.Int64, **dict.fromkeys(EVENT_FIELDS, pl.String)}
    parts, unknown, done = [pl.DataFrame(schema=schema)], set[str](), 0
    lines = read_json_lines(path, report)
    while batch := list(islice(lines, _BATCH)):
        for _, record in batch:
            if record.keys() - set(EVENT_FIELDS):
                _note_unknown(record, EVENT_FIELDS, unknown, path.name, report)
        columns: dict[str, list[int] | list[str]] = {"line": [line for line, _ in batch]}
        for name in EVENT_FIELDS:
            columns[name] = [_as_text(record.get(name)) for _, record in batch]
        parts.append(pl.DataFrame(columns, schema=schema))
        done += len(batch)
        progress.advance(f"reading {path.name}", done, None)
    return pl.concat(parts)


def _as_text(value: object) -> str:
    """A JSON value as a CSV cell would hold it; lone surrogates, which no column can hold, are replaced."""
    if value is None:
        return ""
    return str(value).encode("utf-8", "replace").decode("utf-8")
