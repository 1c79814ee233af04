"""``marquee build``: build a bundle from data files."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.encoders import Encoder, Yes, embedding_options, encoder_of
from services.cli.inputs import (
    CatalogueFiles,
    DataSetChoice,
    DataSetOption,
    EventsFile,
    Maps,
    Movielens,
    Paths,
    Scale,
    Tmdb,
    options_of,
    source_of,
)
from services.cli.inspect import print_forms
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from data_jobs.build import Built
    from data_jobs.validate import Source
    from services.recommender.ports import LoggedEvent
    from services.settings import Settings

SIMULATED = "Using the sample catalogue: its films are real, its viewers and ratings are simulated."


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(build)


def build(
    paths: Paths = None,
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    dataset: DataSetOption = None,
    from_bucket: Annotated[
        bool, typer.Option("--from-bucket", help="Fetch raw data and features from BUNDLE_BUCKET and build from them.")
    ] = False,
    maps: Maps = None,
    scale: Scale = None,
    encoder: Encoder = None,
    holdout: Annotated[Path | None, typer.Option(help="CSV of userId,movieId to leave out of training.")] = None,
    events_from_state: Annotated[
        bool, typer.Option("--events-from-state", help="Also train on the feedback in the state store.")
    ] = False,
    params: Annotated[
        Path | None, typer.Option(help='JSON or TOML file of changed parameters: {"train": {...}, "weights": {...}}.')
    ] = None,
    svd_k: Annotated[
        int | None,
        typer.Option(min=0, max=1_024, help="Factors of the ratings' SVD; 0: none. Default: 64."),
    ] = None,
    two_tower: Annotated[
        bool, typer.Option("--two-tower", help="Include the model of `marquee train two-tower`.")
    ] = False,
    gram: Annotated[
        Path | None,
        typer.Option(help="Result of gram_job.py (Spark), used instead of events; none are read from the inputs."),
    ] = None,
    no_activate: Annotated[bool, typer.Option("--no-activate", help="Build without activating the bundle.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Build even if many rows are invalid.")] = False,
    yes: Yes = False,
    if_changed: Annotated[
        bool, typer.Option("--if-changed", help="Do nothing if the active bundle was built from the same files.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build a bundle from data and activate it.

    Name a folder, files or a zip. Shows first how each file is read (see `marquee inspect`), then validates, embeds the
    texts, trains, indexes and writes. Without inputs the sample catalogue is built. Everything is written under
    MARQUEE_HOME. A bundle appears complete or not at all; the same input produces the same version.
    """
    from data_jobs.build import Order, fingerprint
    from data_jobs.build import build as build_bundle
    from services.settings import load_settings

    settings, output = load_settings(), Output(as_json)
    if dataset is not None or from_bucket:
        if paths or movielens is not None or catalogue or events is not None or (from_bucket and (dataset or tmdb)):
            raise Misused("--dataset NAME [--tmdb FILE], or --from-bucket, cannot be combined with other inputs")

        movielens, tmdb = _fetch_inputs(dataset, tmdb, settings, yes, output)
    source = source_of(movielens, tmdb, catalogue, events, paths, maps, scale)
    if gram is not None and (source is None or events is not None or holdout is not None or events_from_state):
        raise Misused(
            "--gram replaces the events: name films, and leave out --events, --holdout and --events-from-state"
        )
    if source is None:
        output.say(SIMULATED)
    else:
        print_forms(source, output)
    order = Order(
        home=settings.marquee_home,
        source=source,
        encoder=encoder_of(encoder, settings),
        holdout=holdout,
        params=params,
        svd_k=svd_k,
        two_tower=two_tower,
        gram=gram,
        embedding_options=embedding_options(encoder, settings, yes, output),
        activate=not no_activate,
        force=force,
    )
    if if_changed and active_inputs(settings.marquee_home, source, output) == fingerprint(order):
        output.result({"changed": False}, ["Inputs unchanged: the active bundle was built from them."])
        return
    with log_of_state(events_from_state) as (log, erased), output.progress() as progress:
        built = build_bundle(replace(order, log=log, erased=erased), progress)
    output.result(document_of(built), summary_of(built))


def active_inputs(home: Path, source: "Source | None", output: Output) -> str | None:
    """Return the fingerprint of the active bundle's inputs; None if none is active, or if it is damaged but inputs to
    rebuild it from are named. Raises BundleDamaged if a rebuild would use other inputs.
    """
    from services.adapters.bundle.local import LocalBundles
    from services.adapters.bundle.manifest import Manifest
    from services.recommender.errors import BundleDamaged, BundleMissing

    bundles = LocalBundles(home)
    try:
        version = bundles.pointer().version
        bundles.verify(version)
        return str(Manifest.load(bundles.path(version)).extra.get("inputs", ""))
    except BundleMissing:
        return None
    except BundleDamaged as error:
        if source is None:
            raise
        output.say(f"The active bundle is damaged and will be replaced ({error.fault}).")
        return None


def _fetch_inputs(
    dataset: DataSetChoice | None, tmdb: Path | None, settings: "Settings", yes: bool, output: Output
) -> tuple[Path | None, Path | None]:
    """Return MovieLens folder and TMDB file, downloaded or fetched from the bucket. Raises Misused, DownloadFailed."""
    from services.cli.data import download, fetch_raw

    if dataset is not None:
        return download(dataset, settings, yes, output), tmdb
    from data_jobs.lake import raw_in

    fetch_raw(settings, output)
    raw = raw_in(settings.marquee_home / "raw")
    if raw[0] is None:
        raise Misused("the bucket has no files in raw/movielens/; upload them by `marquee data push --movielens DIR`")
    return raw


@contextmanager
def log_of_state(with_log: bool) -> "Iterator[tuple[Iterable[LoggedEvent] | None, frozenset[str]]]":
    """Yield the state store's log, read lazily, and the marks of erased people; None and no marks if not ``with_log``.
    A remote log is spooled, so an interrupted build resumes where it stopped.

    Raises StateUnavailable.
    """
    if not with_log:
        yield None, frozenset()
        return
    from services.cli.open_services import open_services

    with open_services() as services:
        state, erased = services.state, services.state.erased()
        if services.settings.ddb_users_table is None:
            yield state.log(), erased
            return
        from data_jobs.spool import SpooledLog

        yield SpooledLog(state.log, services.settings.marquee_home / "cache" / "feedback.spool", erased), erased


def document_of(built: "Built") -> dict[str, Any]:
    """Return the build's result as the document of ``--json``."""
    return {
        "version": built.version,
        "activated": built.activated,
        "path": str(built.path),
        "films": len(built.dataset.films),
        "people": built.people,
        "events": built.events,
        "sources": list(built.dataset.sources),
        "bytes": built.size,
        "seconds": built.seconds,
        "notes": built.notes,
        "seed": seed_command(built),
        "warnings": [{"code": code, "count": count} for _, code, count, _ in built.report.summary()],
    }


def summary_of(built: "Built", *, stored: bool = False) -> list[str]:
    """Return the build's result as lines of text. ``stored``: the people are in the state store, so the lines do not
    say how to store them.
    """
    rows: list[tuple[str, str]] = [
        ("bundle", f"{built.version}{' (active)' if built.activated else ' (not activated)'}"),
        ("films", f"{len(built.dataset.films):,}"),
        ("people", f"{built.people:,}"),
        ("events", f"{built.events:,}"),
        ("size", f"{built.size / 1e6:.1f} MB"),
        *((f"{step}, s", f"{seconds:.1f}") for step, seconds in built.seconds.items()),
        ("all, s", f"{sum(built.seconds.values()):.1f}"),
    ]
    width = max(len(name) for name, _ in rows)
    counts = [(severity, code, f"{count:,}", done) for severity, code, count, done in built.report.summary()]
    findings = ["", *table(("severity", "code", "count", "what was done"), counts)] if counts else []
    return [
        *(f"{name:<{width}}  {value}" for name, value in rows),
        *built.notes,
        *findings,
        *([] if stored else _how_to_seed(built)),
    ]


def seed_command(built: "Built") -> str | None:
    """Return the command that stores the input files' people so that they can be served; None if there are none."""
    source = built.source
    if built.counted or not built.events:
        return None
    return f"marquee users seed {options_of(source)}".rstrip()


def _how_to_seed(built: "Built") -> list[str]:
    command = seed_command(built)
    if built.counted:
        return [
            "",
            "To serve people by id, also store their events: `marquee users seed` from files, or POST /feedback.",
        ]
    if command is None:
        no_events = "The inputs have no events: no people are stored; ranking uses votes, texts and traits."
        return ["", f"{no_events} Add people by POST /feedback, or with an event log next to the films."]
    first = "" if built.activated else f"marquee bundle activate {built.version} && "
    people = "the simulated viewers" if built.source is None else "the people in the files"
    learned = f"The model was trained on {built.people:,} people with {built.events:,} events."
    return ["", f"{learned} To serve {people} by id, also store them: {first}{command}"]
