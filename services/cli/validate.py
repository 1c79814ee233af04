"""``marquee validate``: check input data row by row before building."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.console import EXIT_CODES, ExitCode, JsonOption, Output, table
from services.cli.inputs import CatalogueFiles, EventsFile, Maps, Movielens, Paths, Scale, Tmdb, source_of

if TYPE_CHECKING:
    from data_jobs.report import Report

Keep = Annotated[int, typer.Option(min=0, help="Findings of each kind to show in full.")]


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(validate)


def validate(
    paths: Paths = None,
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    maps: Maps = None,
    scale: Scale = None,
    keep: Keep = 5,
    as_json: JsonOption = False,
) -> None:
    """Check input data, row by row.

    Every problem is reported with file, line, field, value and what was expected. Exit code 1 means that rows had to be
    left out, or that the data cannot be used. Without inputs the sample catalogue is checked.
    """
    from data_jobs.report import DataError, Report
    from data_jobs.sample.load import load_sample
    from data_jobs.validate import load

    source = source_of(movielens, tmdb, catalogue, events, paths, maps, scale)
    output, report = Output(as_json), Report(keep=keep)
    fatal: DataError | None = None
    with output.progress() as progress:
        try:
            if source is None:
                _, report = load_sample(progress)
            else:
                load(source, progress, report)
        except DataError as error:
            fatal = error
    output.result(json.loads(report.to_json()), _lines(report))
    if fatal is not None:
        raise fatal
    raise typer.Exit(ExitCode.OK if report.ok else ExitCode.FAILED)


def _lines(report: "Report") -> list[str]:
    lines = [str(finding) for finding in report.findings]
    rows = [(file, f"{count:,}", f"{report.errors[file]:,}") for file, count in sorted(report.rows.items())]
    lines += ["", *table(("file", "rows", "left out"), rows)] if rows else []
    summary = [(severity, code, f"{count:,}", done) for severity, code, count, done in report.summary()]
    return [*lines, "", *table(("severity", "code", "count", "what was done"), summary)] if summary else lines
