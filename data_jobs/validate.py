"""Files -> a checked :class:`Dataset` and the report of what was found on the way. Nothing is printed here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data_jobs.readers.merge import merge
from data_jobs.readers.movielens import read_links, read_movies, read_ratings, read_tags
from data_jobs.readers.own import read_catalogue, read_events
from data_jobs.readers.tmdb import read_tmdb
from data_jobs.records import Dataset, Events, Film
from data_jobs.report import DataError, Progress, Report, Silent

_SILENT = Silent()


@dataclass(frozen=True, slots=True)
class Source:
    """Where the data is: a MovieLens folder (and TMDB file), or a catalogue (one or more files) and event log."""

    movielens: Path | None = None
    tmdb: Path | None = None
    catalogue: tuple[Path, ...] = ()
    events: Path | None = None

    def __post_init__(self) -> None:
        if (self.movielens is None) == (not self.catalogue):
            raise DataError("give either a MovieLens folder or a catalogue file, and not both")
        if self.movielens is None and self.tmdb is not None:
            raise DataError("TMDB metadata goes with a MovieLens folder; a catalogue has its own fields")
        if self.movielens is not None and self.events is not None:
            raise DataError("an event log goes with a catalogue; a MovieLens folder has ratings.csv")


def load(source: Source, progress: Progress = _SILENT, report: Report | None = None) -> tuple[Dataset, Report]:
    """Read whatever ``source`` names. Raises DataError for data that can't be used at all.

    Hand in a ``report`` to keep what was found before such an error.
    """
    report = Report() if report is None else report
    if source.movielens is not None:
        return load_movielens(source.movielens, source.tmdb, progress, report)
    return load_own(source.catalogue, source.events, progress, report)


def load_movielens(
    folder: Path, tmdb: Path | None = None, progress: Progress = _SILENT, report: Report | None = None
) -> tuple[Dataset, Report]:
    """A folder in the MovieLens layout, with TMDB metadata if there is some. Raises DataError."""
    report = Report() if report is None else report
    if not folder.is_dir():
        report.fail("missing-file", folder.name, f"a folder with movies.csv and ratings.csv at {folder}")
    progress.advance("reading movies.csv", 0, None)
    movies = read_movies(folder, report)
    ids = [movie.item_id for movie in movies]
    tags = read_tags(folder, ids, report)
    links = read_links(folder, report)
    progress.advance("reading movies.csv", len(movies), len(movies))
    metadata = None if tmdb is None else read_tmdb(tmdb, report, progress)
    films = merge(movies, links, tags, metadata, report)
    _note_shared(films, "movies.csv", report)
    events = read_ratings(folder, ids, report, progress)
    return Dataset(films, events, _sources(report)), report


def load_own(
    catalogue: Path | Sequence[Path],
    events: Path | None = None,
    progress: Progress = _SILENT,
    report: Report | None = None,
) -> tuple[Dataset, Report]:
    """A catalogue of one or more files in Marquee's own format, with an event log if there is one. Raises DataError."""
    report = Report() if report is None else report
    films: dict[str, Film] = {}
    paths = [catalogue] if isinstance(catalogue, Path) else list(catalogue)
    for done, path in enumerate(paths, 1):
        for film in read_catalogue(path, report):
            if films.setdefault(film.item_id, film) is not film:
                report.add("duplicate-film", path.name, field="item_id", value=film.item_id)
        progress.advance("reading the catalogue", done, len(paths))
    _note_shared(tuple(films.values()), paths[0].name, report)
    log = Events.empty() if events is None else read_events(events, list(films), report, progress)
    return Dataset(tuple(films.values()), log, _sources(report)), report


def _sources(report: Report) -> tuple[str, ...]:
    return tuple(sorted(report.rows))


def _note_shared(films: tuple[Film, ...], file: str, report: Report) -> None:
    """Two films with one TMDB id: usually one film listed twice."""
    first: dict[int, Film] = {}
    for film in films:
        if film.tmdb_id is not None and first.setdefault(film.tmdb_id, film) is not film:
            both = f"{film.tmdb_id}: films {first[film.tmdb_id].item_id} and {film.item_id}"
            report.add("shared-tmdb-id", file, field="tmdb_id", value=both)
