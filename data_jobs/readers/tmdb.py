"""TMDB metadata, one JSON object a film, plain or gzip."""

from dataclasses import dataclass, field
from pathlib import Path

from data_jobs.readers.fields import Fields
from data_jobs.readers.films import film_of
from data_jobs.readers.lines import read_json_lines
from data_jobs.records import Film
from data_jobs.report import Progress, Report

_STEP = 10_000


@dataclass(frozen=True, slots=True)
class Metadata:
    """Films of a metadata file by each id that may lead to them; ``file`` is its name."""

    file: str
    by_movielens: dict[str, Film] = field(default_factory=dict)
    by_tmdb: dict[int, Film] = field(default_factory=dict)
    by_imdb: dict[str, Film] = field(default_factory=dict)


def read_tmdb(path: Path, report: Report, progress: Progress) -> Metadata:
    """Read a metadata file. Raises DataError for a missing, empty or broken one; bad lines are reported."""
    metadata = Metadata(path.name)
    done = 0
    for line, record in read_json_lines(path, report):
        done += 1
        film = _film(Fields(record, path.name, line, report))
        if film is not None:
            _index(metadata, film, line, report)
        if done % _STEP == 0:
            progress.advance(f"reading {path.name}", done, None)
    progress.advance(f"reading {path.name}", done, done)
    return metadata


def _film(fields: Fields) -> Film | None:
    """The record as a film; ``item_id`` is its movielens_id, or ""."""
    movielens_id = fields.whole("movielens_id", 1, 2**53)
    item_id = "" if movielens_id is None else str(movielens_id)
    return film_of(fields, item_id, "original_language", (fields.text("original_title"),))


def _index(metadata: Metadata, film: Film, line: int, report: Report) -> None:
    """File the film under its ids; where one is taken, the first stays."""
    if film.item_id:
        if metadata.by_movielens.setdefault(film.item_id, film) is not film:
            report.add("duplicate-metadata", metadata.file, line=line, field="movielens_id", value=film.item_id)
    elif film.tmdb_id is not None and film.tmdb_id in metadata.by_tmdb:
        report.add("duplicate-metadata", metadata.file, line=line, field="tmdb_id", value=film.tmdb_id)
    if film.tmdb_id is not None:
        metadata.by_tmdb.setdefault(film.tmdb_id, film)
    if film.imdb_id is not None:
        metadata.by_imdb.setdefault(film.imdb_id, film)
