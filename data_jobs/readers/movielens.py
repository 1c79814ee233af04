"""The MovieLens CSV layout: movies.csv and ratings.csv, with links.csv and tags.csv where they are.

Source: F. M. Harper and J. A. Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015;
ml-latest-small, ml-25m and ml-32m share the layout.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data_jobs.readers.events import Columns, check_events, keep_latest, to_events
from data_jobs.readers.fields import Fields, unique
from data_jobs.readers.files import iter_table, read_table
from data_jobs.readers.titles import Title, parse_title
from data_jobs.records import Events
from data_jobs.report import Progress, Report
from services.recommender.domain.events import EventKind

MAX_TAGS = 10
_NO_GENRES = "(no genres listed)"
_UNUSED = ("genome-scores.csv", "genome-tags.csv")


@dataclass(frozen=True, slots=True)
class Movie:
    """One row of movies.csv, taken apart."""

    item_id: str
    line: int
    title: Title
    genres: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One row of links.csv; an id that is not there is None."""

    line: int
    tmdb_id: int | None
    imdb_id: str | None


def read_movies(folder: Path, report: Report) -> list[Movie]:
    """The films of movies.csv in its order. Raises DataError if it is missing, empty or lacks a column."""
    movies: dict[str, Movie] = {}
    path = folder / "movies.csv"
    for row in read_table(path, report, ("movieId", "title", "genres")).iter_rows(named=True):
        fields = Fields(row, path.name, row["line"], report)
        movie = _movie(fields)
        if movie is None:
            continue
        if movies.setdefault(movie.item_id, movie) is not movie:
            report.add("duplicate-film", path.name, line=movie.line, field="movieId", value=movie.item_id)
    for name in _UNUSED:
        if (folder / name).is_file():
            report.add("optional-file", name)
    return list(movies.values())


def _movie(fields: Fields) -> Movie | None:
    item_id = fields.key("movieId")
    if item_id is None:
        return None
    raw = fields.text("title")
    if not raw:
        fields.report.add("missing-value", fields.file, line=fields.line, field="title", expected="a title")
        return None
    title = parse_title(raw)
    if title.year is None:
        fields.report.add(
            "title-without-year", fields.file, line=fields.line, field="title", value=raw, expected="Title (1999)"
        )
    named = [name for name in fields.names("genres") if name != _NO_GENRES]
    return Movie(item_id, fields.line, title, unique(fields.genre(name) or "" for name in named))


def read_links(folder: Path, report: Report) -> dict[str, Link]:
    """movieId -> link; empty where there is no links.csv."""
    path = folder / "links.csv"
    if not path.is_file():
        return {}
    links: dict[str, Link] = {}
    for row in read_table(path, report, ("movieId", "imdbId", "tmdbId"), may_lack_rows=True).iter_rows(named=True):
        fields = Fields(row, path.name, row["line"], report)
        tmdb_id = fields.whole("tmdbId", 1, 2**53)
        link = Link(row["line"], tmdb_id, fields.imdb("imdbId"))
        if links.setdefault(row["movieId"].strip(), link) is not link:
            report.add("duplicate-metadata", path.name, line=link.line, field="movieId", value=row["movieId"])
    return links


def read_tags(folder: Path, item_ids: list[str], report: Report) -> dict[str, tuple[str, ...]]:
    """movieId -> its tags in lower case, most people first, then alphabetical, at most ten."""
    path = folder / "tags.csv"
    if not path.is_file():
        return {}
    table = read_table(path, report, ("userId", "movieId", "tag"), may_lack_rows=True)
    columns = Columns(path.name, {}, report)
    unknown = ~pl.col("movieId").is_in(item_ids)
    table = columns.drop(table, unknown, "unknown-film", "movieId", "a film of movies.csv")
    table = columns.drop(table, pl.col("tag").str.strip_chars() == "", "missing-value", "tag", "a tag")
    spellings = table.unique("tag", keep="first", maintain_order=True).select("line", "tag")
    clean = [Fields({}, path.name, line, report).clean("tag", tag).lower() for line, tag in spellings.rows()]
    spellings = spellings.with_columns(pl.Series("clean", clean, pl.String)).drop("line")
    ranked = (
        table.join(spellings, on="tag")
        .select("userId", "movieId", pl.col("clean").alias("tag"))
        .filter(pl.col("tag") != "")
        .group_by("movieId", "tag")
        .agg(pl.col("userId").n_unique().alias("people"))
        .sort("movieId", "people", "tag", descending=[False, True, False])
        .group_by("movieId", maintain_order=True)
        .agg(pl.col("tag").head(MAX_TAGS))
    )
    return {film: tuple(tags) for film, tags in ranked.iter_rows()}


def read_ratings(folder: Path, item_ids: list[str], report: Report, progress: Progress) -> Events:
    """The ratings of ratings.csv as events; ``film`` are rows of ``item_ids``.

    Never a Python object a row: 25 million ratings are columns from the file to the result.
    Raises DataError if the file is missing, empty or lacks a column.
    """
    path = folder / "ratings.csv"
    names = {"userId": "user", "movieId": "item", "rating": "value", "timestamp": "ts"}
    columns = Columns(path.name, {ours: theirs for theirs, ours in names.items()}, report)
    parts, done = [], 0
    for batch in iter_table(path, report, tuple(names)):
        rated = batch.rename(names).with_columns(kind=pl.lit(EventKind.RATING, pl.UInt8))
        parts.append(check_events(rated, item_ids, columns))
        done += batch.height
        progress.advance(f"reading {path.name}", done, None)
    whole = pl.concat(parts)
    parts.clear()
    progress.advance(f"reading {path.name}", done, done)
    return to_events(keep_latest(whole, columns))
