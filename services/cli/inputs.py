"""Options that name the input data, shared by the verbs that read it."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from data_jobs.validate import Source

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATH",
        help="Folders, files or zips with films and events, in the formats of docs/data.md.",
        show_default=False,
    ),
]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="<ours=theirs>", help="Column mapping, e.g. year=release_date; repeatable."),
]
Scale = Annotated[float | None, typer.Option(min=1, help="Maximum of the rating scale, e.g. 10.")]
Movielens = Annotated[Path | None, typer.Option(help="Folder in the MovieLens layout: movies.csv, ratings.csv, ...")]
Tmdb = Annotated[Path | None, typer.Option(help="TMDB metadata, JSON or CSV, plain or .gz; requires --movielens.")]
CatalogueFiles = Annotated[
    list[Path] | None,
    typer.Option("--catalogue", metavar="<path>", help="Films in Marquee's own format, JSON lines or CSV; repeatable."),
]


class DataSetChoice(StrEnum):
    """MovieLens data sets by name."""

    SMALL = "ml-latest-small"
    ML_32M = "ml-32m"
    ML_25M = "ml-25m"
    ML_1M = "ml-1m"
    ML_100K = "ml-100k"


DataSetOption = Annotated[
    DataSetChoice | None, typer.Option("--dataset", help="Name of a MovieLens data set; downloaded if needed.")
]
EventsFile = Annotated[Path | None, typer.Option("--events", help="Event log; requires --catalogue.")]


def source_of(
    movielens: Path | None,
    tmdb: Path | None,
    catalogue: list[Path] | None,
    events: Path | None,
    paths: list[Path] | None = None,
    maps: list[str] | None = None,
    scale: float | None = None,
) -> "Source | None":
    """Return the named data, None if none is named (sample catalogue). Raises Misused for invalid combinations."""
    from data_jobs.report import DataError
    from data_jobs.validate import Source

    if not any((movielens, catalogue, tmdb, events, paths)):
        if maps or scale:
            raise Misused("--map and --scale describe how to read files: also name the files")
        return None
    for path in (*(paths or ()), movielens, tmdb, *(catalogue or ()), events):
        if path is not None and not path.exists():
            raise Misused(f"{path}: no such file or folder")
    try:
        return Source(movielens, tmdb, tuple(catalogue or ()), events, tuple(paths or ()), _pairs(maps), scale)
    except DataError as error:
        raise Misused(f"{error} (--movielens DIR [--tmdb FILE], or --catalogue FILE [--events FILE])") from error


def _pairs(maps: list[str] | None) -> dict[str, str]:
    """Parse "year=release_date" mappings. Raises Misused for malformed ones and for unknown columns."""
    from data_jobs.forms.columns import EVENT, FILM

    labels = {"user_id": "user", "rating": "value", "timestamp": "ts", "movie_id": "item_id", "movieId": "item_id"}
    pairs: dict[str, str] = {}
    for text in maps or ():
        ours, equals, theirs = text.partition("=")
        name = labels.get(ours, ours)
        if not equals or not theirs or (name not in FILM and name not in EVENT):
            names = ", ".join(sorted({*FILM, *EVENT, "user_id"} - {"user", "item"}))
            raise Misused(f"--map {text}: expected OURS=THEIRS, ours being one of {names}")
        pairs[name] = theirs
        if name == "item_id":
            pairs["item"] = theirs
    return pairs


def options_of(source: "Source | None") -> str:
    """Return the options that name a source, as typed in a shell; "" for the sample catalogue."""
    if source is None:
        return ""
    options = [("--movielens", source.movielens), ("--tmdb", source.tmdb)]
    options += [("--catalogue", path) for path in source.catalogue] + [("--events", source.events)]
    parts = [part for option, path in options if path is not None for part in (option, str(path))]
    parts += [str(path) for path in source.paths]
    for ours, theirs in source.maps.items():
        if ours != "item":
            parts += ["--map", f"{'user_id' if ours == 'user' else ours}={theirs}"]
    if source.scale is not None:
        parts += ["--scale", f"{source.scale:g}"]
    return shlex.join(parts)
