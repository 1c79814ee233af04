"""``marquee inspect``: show how each file would be read, without building anything."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from services.cli.console import EXIT_CODES, ExitCode, JsonOption, Output, table
from services.cli.inputs import CatalogueFiles, EventsFile, Maps, Movielens, Paths, Scale, Tmdb, source_of
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from data_jobs.forms.part import Part
    from data_jobs.validate import Source


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(inspect)


def inspect(
    paths: Paths = None,
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    maps: Maps = None,
    scale: Scale = None,
    as_json: JsonOption = False,
) -> None:
    """Show how each file and column would be read, without building anything.

    Correct wrong guesses with --map and --scale. Exit code 1 means that there is nothing to build from.
    """
    source, output = source_of(movielens, tmdb, catalogue, events, paths, maps, scale), Output(as_json)
    if source is None:
        raise Misused("name a folder, files or a zip, e.g. `marquee inspect films.csv`")
    parts = look(source)
    output.result({"files": [_document(part) for part in parts]}, lines_of(parts))
    from data_jobs.forms.part import Role

    usable = any(part.role in (Role.FILMS, Role.EVENTS) for part in parts)
    raise typer.Exit(ExitCode.OK if usable else ExitCode.FAILED)


def look(source: "Source") -> "list[Part]":
    """Return how each file of a source would be read. Raises DataError for an archive that cannot be opened."""
    from data_jobs.report import Report
    from data_jobs.validate import parts_of

    with parts_of(source, Report()) as parts:
        return list(parts)


def print_forms(source: "Source", output: Output) -> None:
    """Print how files named without a format option are read."""
    if source.paths and not output.as_json:
        for line in lines_of(look(source)):
            output.say(line)


def lines_of(parts: "Sequence[Part]") -> list[str]:
    """Return a line per file, then the columns of the files that are read."""
    rows = [(part.name, part.form or "-", part.role.value, _remark(part)) for part in parts]
    columns = []
    for part in parts:
        mappings = [f"{ours}={theirs}" if ours != theirs else ours for ours, theirs in _shown(part).items()]
        if mappings:
            columns.append(f"{part.name}: {', '.join(mappings)}")
        if mappings and (unread := [name for name in part.others if name]):
            columns.append(f"{part.name}: not read: {', '.join(unread)}")
    return [*table(("file", "format", "read as", "remarks"), rows), *(["", *columns] if columns else [])]


def _shown(part: "Part") -> dict[str, str]:
    """Return the columns found so far: JSON files are also searched for columns that may appear later."""
    return {ours: theirs for ours, theirs in part.columns.items() if ours not in part.awaited}


def _remark(part: "Part") -> str:
    if part.why:
        return part.why
    ids = part.space if part.space.value == "titles" else f"ids of {part.space}"
    remarks = [] if part.space.value == "own" else [str(ids)]
    if part.scale == 1 and "value" in part.columns:
        remarks.append("likes (1) and dislikes (0)")
    elif part.scale and "value" in part.columns:
        remarks.append(f"ratings up to {part.scale:g}")
    elif part.scale and "vote_average" in part.columns:
        remarks.append(f"average ratings up to {part.scale:g}")
    if part.dialect.delimiter != ",":
        remarks.append(f"delimiter {part.dialect.delimiter!r}")
    return ", ".join(remarks)


def _document(part: "Part") -> dict[str, Any]:
    return {
        "file": part.name,
        "form": part.form or None,
        "read_as": part.role.value,
        "ids": part.space.value,
        "columns": _shown(part),
        "not_read": list(part.others),
        "scale": part.scale or None,
        "delimiter": part.dialect.delimiter,
        "remark": _remark(part) or None,
    }
