"""``marquee build``: from files to a bundle that can be served."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.encoders import Encoder, Yes, encoder_of, manner_of
from services.cli.failures import Misused
from services.cli.inputs import (
    CatalogueFiles,
    DataSetChoice,
    DataSetOption,
    EventsFile,
    Movielens,
    Tmdb,
    options_of,
    source_of,
)

if TYPE_CHECKING:
    from data_jobs.build import Built
    from services.recommender.ports import LoggedEvent
    from services.settings import Settings

SIMULATED = "The sample catalogue: the films are real, its viewers and their ratings are simulated."


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(build)


def build(
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    dataset: DataSetOption = None,
    from_bucket: Annotated[
        bool, typer.Option("--from-bucket", help="Fetch raw data and features from BUNDLE_BUCKET, and build from them.")
    ] = False,
    encoder: Encoder = None,
    holdout: Annotated[Path | None, typer.Option(help="CSV of userId,movieId that is left out of training.")] = None,
    events_from_state: Annotated[
        bool, typer.Option("--events-from-state", help="Train on the feedback in the state store, too.")
    ] = False,
    params: Annotated[
        Path | None, typer.Option(help='JSON file {"train": {...}, "weights": {...}} of other parameters.')
    ] = None,
    no_activate: Annotated[bool, typer.Option("--no-activate", help="Build, but go on serving the old one.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Build although many rows are wrong.")] = False,
    yes: Yes = False,
    as_json: JsonOption = False,
) -> None:
    """Build a bundle from data and activate it.

    Validate, embed the texts, train, index, write. Without inputs the sample catalogue is built. Everything is
    written under MARQUEE_HOME. A bundle appears whole or not at all; the same input makes the same version.
    """
    from data_jobs.build import Order
    from data_jobs.build import build as build_bundle
    from services.settings import load_settings

    settings, output = load_settings(), Output(as_json)
    if dataset is not None or from_bucket:
        if movielens is not None or catalogue or events is not None or (from_bucket and (dataset or tmdb)):
            raise Misused("--dataset NAME [--tmdb FILE], or --from-bucket, stand in place of other inputs")

        movielens, tmdb = _fetched(dataset, tmdb, settings, yes, output)
    source = source_of(movielens, tmdb, catalogue, events)
    if source is None:
        output.say(SIMULATED)
    order = Order(
        home=settings.marquee_home,
        source=source,
        encoder=encoder_of(encoder, settings),
        holdout=holdout,
        params=params,
        manner=manner_of(encoder, settings, yes, output),
        activate=not no_activate,
        force=force,
    )
    with log_of_state(events_from_state) as (log, erased), output.progress() as progress:
        built = build_bundle(replace(order, log=log, erased=erased), progress)
    output.result(document_of(built), summary_of(built))


def _fetched(
    dataset: DataSetChoice | None, tmdb: Path | None, settings: "Settings", yes: bool, output: Output
) -> tuple[Path | None, Path | None]:
    """MovieLens folder and TMDB file, downloaded by name or brought from the bucket. Raises Misused, DownloadFailed."""
    from services.cli.data import bring, download

    if dataset is not None:
        return download(dataset, settings, yes, output), tmdb
    from data_jobs.lake import raw_in

    bring(settings, output)
    found = raw_in(settings.marquee_home / "raw")
    if found[0] is None:
        raise Misused("the bucket has no files in raw/movielens/: `marquee data push --movielens DIR` puts them there")
    return found


@contextmanager
def log_of_state(wanted: bool) -> "Iterator[tuple[Iterable[LoggedEvent] | None, frozenset[str]]]":
    """The state store's log, read as it is needed, and the marks of the erased; nothing of it if not wanted. A log
    that comes from another machine is gone on with where an earlier build was stopped.

    Raises StateUnavailable.
    """
    if not wanted:
        yield None, frozenset()
        return
    from services.cli.opening import open_services

    with open_services() as services:
        state, erased = services.state, services.state.erased()
        if services.settings.ddb_users_table is None:
            yield state.log(), erased
            return
        from data_jobs.spool import SpooledLog

        yield SpooledLog(state.log, services.settings.marquee_home / "cache" / "feedback.spool", erased), erased


def document_of(built: "Built") -> dict[str, Any]:
    """What a build made, for ``--json``."""
    return {
        "version": built.version,
        "activated": built.activated,
        "path": str(built.path),
        "films": len(built.dataset.films),
        "people": len(built.dataset.events.user_ids),
        "events": len(built.dataset.events),
        "sources": list(built.dataset.sources),
        "bytes": built.size,
        "seconds": built.seconds,
        "notes": built.notes,
        "seed": seed_command(built),
        "warnings": [{"code": code, "count": count} for _, code, count, _ in built.report.summary()],
    }


def summary_of(built: "Built") -> list[str]:
    """The same as a table for people."""
    events = built.dataset.events
    rows: list[tuple[str, str]] = [
        ("bundle", f"{built.version}{' (active)' if built.activated else ' (not activated)'}"),
        ("films", f"{len(built.dataset.films):,}"),
        ("people", f"{len(events.user_ids):,}"),
        ("events", f"{len(events):,}"),
        ("size", f"{built.size / 1e6:.1f} MB"),
        *((f"{step}, s", f"{seconds:.1f}") for step, seconds in built.seconds.items()),
        ("all, s", f"{sum(built.seconds.values()):.1f}"),
    ]
    width = max(len(name) for name, _ in rows)
    found = [(severity, code, f"{count:,}", done) for severity, code, count, done in built.report.summary()]
    findings = ["", *table(("severity", "code", "count", "what was done"), found)] if found else []
    return [*(f"{name:<{width}}  {value}" for name, value in rows), *built.notes, *findings, *_how_to_seed(built)]


def seed_command(built: "Built") -> str | None:
    """What stores the people of the input files, so that they are served by their ids; None where there are none."""
    source = built.source
    if not len(built.dataset.events) or (source is not None and source.movielens is None and source.events is None):
        return None
    return f"marquee users seed {options_of(source)}".rstrip()


def _how_to_seed(built: "Built") -> list[str]:
    command, events = seed_command(built), built.dataset.events
    if command is None:
        return []
    first = "" if built.activated else f"marquee bundle activate {built.version} && "
    whom = "the simulated viewers" if built.source is None else "those of the files"
    learned = f"The model has learned from {len(events.user_ids):,} people with {len(events):,} events."
    return ["", f"{learned} To serve {whom} by their ids, store them, too: {first}{command}"]
