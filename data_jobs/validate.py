"""Read files into a checked :class:`Dataset` and a report of findings. Nothing is printed here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from data_jobs.duplicates import merge_duplicates
from data_jobs.forms.derive import films_of_events
from data_jobs.forms.events import lookups_of, read_events
from data_jobs.forms.films import metadata_part, read_catalogue, read_facts, read_links, read_metadata, read_tags
from data_jobs.forms.opening import opened
from data_jobs.forms.part import Part, Role, Space
from data_jobs.forms.recognise import CLASSIC, ReadOptions, recognise
from data_jobs.readers.events import Lookup
from data_jobs.readers.files import require
from data_jobs.readers.merge import Movie, merge
from data_jobs.records import Dataset, Film
from data_jobs.report import DataError, Progress, Report, Silent
from services.adapters.column_names import folded

_SILENT = Silent()
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Source:
    """Where the data is: paths whose form is recognised; or, by options, a MovieLens folder (and TMDB file), or a
    catalogue (one or more files) and event log. ``maps``: our column -> theirs; ``scale``: the top of the ratings.
    ``films_only``: events in the files are not read.
    """

    movielens: Path | None = None
    tmdb: Path | None = None
    catalogue: tuple[Path, ...] = ()
    events: Path | None = None
    paths: tuple[Path, ...] = ()
    maps: Mapping[str, str] = field(default_factory=dict)
    scale: float | None = None
    films_only: bool = False

    def __post_init__(self) -> None:
        if self.paths:
            if any((self.movielens, self.tmdb, self.catalogue, self.events)):
                raise DataError("give either paths or the options that name files, and not both")
            return
        if (self.movielens is None) == (not self.catalogue):
            raise DataError("give either a MovieLens folder or a catalogue file, and not both")
        if self.movielens is None and self.tmdb is not None:
            raise DataError("TMDB metadata goes with a MovieLens folder; a catalogue has its own fields")
        if self.movielens is not None and self.events is not None:
            raise DataError("an event log goes with a catalogue; a MovieLens folder has ratings.csv")

    @property
    def named(self) -> tuple[Path, ...]:
        """Return every path it names, in order."""
        options = (self.movielens, self.tmdb, *self.catalogue, self.events)
        return (*self.paths, *(path for path in options if path is not None))


@contextmanager
def parts_of(source: Source, report: Report) -> Iterator[list[Part]]:
    """Yield what each file of the source is recognised as; unpacked archives exist until the block ends. Raises
    DataError.
    """
    if source.movielens is not None and not source.movielens.is_dir() and not source.movielens.is_file():
        report.fail(
            "missing-file", source.movielens.name, f"a folder with movies.csv and ratings.csv at {source.movielens}"
        )
    for path in source.named:
        if not path.exists():
            report.fail("missing-file", path.name, f"a file at {path}")
    with opened(source.paths or source.named) as files:
        options = ReadOptions(source.maps, source.scale)
        parts = recognise(files, options) if source.paths else _by_options(source, files, options, report)
        _check_maps(source.maps, parts)
        yield parts


def _check_maps(maps: Mapping[str, str], parts: Sequence[Part]) -> None:
    """Raise DataError for a mapping to a column that no file has."""
    names = list(dict.fromkeys(name for part in parts for name in (*part.columns.values(), *part.others)))
    folds = {fold for name in names if (fold := folded(name))}
    for ours, theirs in maps.items():
        if theirs not in names and folded(theirs) not in folds:
            raise DataError(
                f"no file has a column {theirs!r}, given for {ours}; found {', '.join(names)[:300] or 'none'}"
            )


def _by_options(source: Source, files: Sequence[Path], options: ReadOptions, report: Report) -> list[Part]:
    """Recognise files by option: a folder has tables, --tmdb metadata, --catalogue films."""
    explicit = set(source.named)
    folder = [path for path in files if path not in explicit]
    parts = recognise(folder, replace(options, tables_only=True))
    for path in (path for path in files if path in explicit):
        (part,) = recognise([path], options)
        if path == source.tmdb:
            require(path, report)
            part = metadata_part(part, report)
        elif path in source.catalogue:
            require(path, report)
            if part.role is not Role.FILMS:
                report.fail("missing-column", part.name, f"a catalogue with titles; found {part.why or part.role}")
            if "item_id" in part.columns:
                part = replace(part, space=Space.OWN)
        elif part.role is not Role.EVENTS and part.why != "empty":
            report.fail("missing-column", part.name, f"events with user_id and item_id; found {part.why or part.role}")
        parts.append(part)
    return parts


def load(source: Source, progress: Progress = _SILENT, report: Report | None = None) -> tuple[Dataset, Report]:
    """Read whatever ``source`` names. Raises DataError for unusable data.

    Pass a ``report`` to keep the findings before such an error.
    """
    report = Report() if report is None else report
    with parts_of(source, report) as parts:
        _note_unread(parts, report)
        if source.films_only:
            parts = [part for part in parts if part.role is not Role.EVENTS]
        elif source.movielens is not None:
            _require_classic(parts, source.movielens, report)
        return _assembled(parts, source, progress, report), report


def load_own(
    catalogue: Path | Sequence[Path],
    events: Path | None = None,
    progress: Progress = _SILENT,
    report: Report | None = None,
) -> tuple[Dataset, Report]:
    """Read a catalogue of one or more files, with an event log if there is one. Raises DataError."""
    paths = (catalogue,) if isinstance(catalogue, Path) else tuple(catalogue)
    return load(Source(catalogue=paths, events=events), progress, report)


def _note_unread(parts: Sequence[Part], report: Report) -> None:
    """Add a finding for each file that is not read."""
    for part in parts:
        if part.role is Role.UNKNOWN:
            report.add(
                "unknown-file", part.name, value=part.why, expected="a form of docs/data.md, or --map ours=theirs"
            )
        elif part.role is Role.UNUSED and part.why == "empty":
            report.add("no-rows", part.name)
        elif part.role is Role.UNUSED:
            code = "optional-file" if part.why == "the tag genome" else "unused-file"
            report.add(code, part.name, expected=part.why)


def _require_classic(parts: Sequence[Part], folder: Path, report: Report) -> None:
    """Check that a MovieLens folder has films and ratings, and that links and tags, if any, have their columns. Raises
    DataError.
    """
    by_name = {part.name: part for part in parts}
    for name, (role, columns) in CLASSIC.items():
        part_of_name = by_name.get(name)
        needed = role in (Role.FILMS, Role.EVENTS)
        # Metadata files are films, too, but useless without the folder's own.
        if part_of_name is not None and role is Role.FILMS and part_of_name.why == "empty":
            report.fail("empty-file", name, f"rows in {part_of_name.path}, which has 0 bytes")
        if any(part.role is role for part in parts) or (part_of_name is None and not needed):
            continue
        if part_of_name is None:
            report.fail("missing-file", name, f"a file at {folder / name}")
        if part_of_name.why == "empty":
            report.fail("empty-file", name, f"rows in {part_of_name.path}, which has 0 bytes")
        report.fail("missing-column", name, f"the columns {columns}; found {part_of_name.why}")


def _assembled(parts: Sequence[Part], source: Source, progress: Progress, report: Report) -> Dataset:
    by_role = {role: [part for part in parts if part.role is role] for role in Role}
    logs = by_role[Role.EVENTS]
    catalogue, space, extra = _primary(by_role[Role.FILMS])
    links = read_links(by_role[Role.LINKS], report)
    facts = read_facts(by_role[Role.FACTS], report)
    if catalogue:
        movies = read_catalogue(catalogue, facts, report, progress)
    else:
        _require_something(parts, report)
        movies = films_of_events(logs, report)
    ids = [movie.item_id for movie in movies]
    rows = Lookup.of({item_id: row for row, item_id in enumerate(ids)})
    tags = read_tags(by_role[Role.TAGS], rows, ids, report)
    metadata = read_metadata(extra, facts, report, progress) if extra else None
    if metadata is None and any(part.is_movielens for part in catalogue):
        report.add("no-metadata-file", catalogue[0].name)
    films = merge(movies, links if space is Space.OWN else {}, tags, metadata, report)
    _note_genres(movies, films, report)
    lookups = lookups_of(films, space, links)
    events = read_events(logs, lookups, report, progress, may_lack=source.movielens is None)
    films, events = merge_duplicates(films, events, report)
    return Dataset(films, events, tuple(sorted(report.rows)))


def _primary(films: Sequence[Part]) -> tuple[list[Part], Space, list[Part]]:
    """Return the catalogue's parts, their id space, and the parts that are its metadata."""
    for space in (Space.OWN, Space.TMDB, Space.IMDB):
        in_space = [part for part in films if part.space is space]
        if in_space:
            return in_space, space, [part for part in films if part.space is not space]
    return [], Space.OWN, []


def _require_something(parts: Sequence[Part], report: Report) -> None:
    """Raise DataError if there are neither films nor events, saying what the files look like."""
    if any(part.role is Role.EVENTS for part in parts):
        return
    for part in parts:
        if part.why == "empty":
            report.fail("empty-file", part.name, f"rows in {part.path}, which has 0 bytes")
    unknown = next((part for part in parts if part.role is Role.UNKNOWN), None)
    if unknown is not None:
        advice = "docs/data.md has the forms that are read"
        if unknown.layout:
            advice = "say which column is which, e.g. --map title=NAME --map item_id=NAME"
        report.fail("unknown-form", unknown.name, f"films or events; it looks like {unknown.why}: {advice}")
    name = parts[0].name if parts else "the folder"
    others = "; ".join(f"{part.name} is {part.why}" for part in parts[:_MOST_NAMED] if part.why)
    summary = f"found none (docs/data.md has the forms){': ' if others else ''}{others}"
    report.fail("missing-file", name, f"a file of films or events; {summary}")


def _note_genres(movies: Sequence[Movie], films: Sequence[Film], report: Report) -> None:
    for movie, film in zip(movies, films, strict=True):
        if not film.genres:
            report.add("no-genres", movie.file, line=movie.line, field=movie.field, value=movie.item_id)
