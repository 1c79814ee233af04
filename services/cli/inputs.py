"""The options that name the input data, shared by the verbs that read it."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.failures import Misused

if TYPE_CHECKING:
    from data_jobs.validate import Source

Movielens = Annotated[Path | None, typer.Option(help="Folder in the MovieLens layout: movies.csv, ratings.csv, ...")]
Tmdb = Annotated[Path | None, typer.Option(help="TMDB metadata, JSON lines, plain or .gz; goes with --movielens.")]
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
    DataSetChoice | None, typer.Option("--dataset", help="A MovieLens data set by name; downloaded unless it is there.")
]
EventsFile = Annotated[Path | None, typer.Option("--events", help="Event log that goes with --catalogue.")]


def source_of(
    movielens: Path | None, tmdb: Path | None, catalogue: list[Path] | None, events: Path | None
) -> "Source | None":
    """Where the data is, None if nothing was named (the sample catalogue). Raises Misused for odd combinations."""
    from data_jobs.report import DataError
    from data_jobs.validate import Source

    if movielens is None and not catalogue and tmdb is None and events is None:
        return None
    for path in (movielens, tmdb, *(catalogue or ()), events):
        if path is not None and not path.exists():
            raise Misused(f"{path}: no such file or folder")
    try:
        return Source(movielens, tmdb, tuple(catalogue or ()), events)
    except DataError as error:
        raise Misused(f"{error} (--movielens DIR [--tmdb FILE], or --catalogue FILE [--events FILE])") from error


def options_of(source: "Source | None") -> str:
    """The options that name a source, as they are typed into a shell; "" for the sample catalogue."""
    if source is None:
        return ""
    named = [("--movielens", source.movielens), ("--tmdb", source.tmdb)]
    named += [("--catalogue", path) for path in source.catalogue] + [("--events", source.events)]
    return shlex.join(part for option, path in named if path is not None for part in (option, str(path)))
