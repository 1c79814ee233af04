"""``marquee users``: seed people in bulk, import histories, export and erase one person's data."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output
from services.cli.history import imported_lines, read_export, store_history
from services.cli.inputs import CatalogueFiles, EventsFile, Maps, Movielens, Paths, Scale, Tmdb, source_of
from services.cli.open_services import open_services
from services.cli.verb_errors import Failed, Misused

if TYPE_CHECKING:
    from data_jobs.records import Dataset
    from data_jobs.validate import Source

app = typer.Typer(help="People: seed, import, export, erase.", rich_markup_mode=None, epilog=EXIT_CODES)
UserId = Annotated[str, typer.Argument(help="Person's id.")]


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    parent.add_typer(app, name="users")


@app.command(epilog=EXIT_CODES)
def seed(
    paths: Paths = None,
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    maps: Maps = None,
    scale: Scale = None,
    user: Annotated[list[str] | None, typer.Option(metavar="<str>", help="Only this person; repeatable.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N people.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Store the people of the data files, with their ratings.

    Name the files that the active bundle was built from: people of other catalogues are refused. Without inputs the
    sample catalogue's simulated viewers are stored, if the active bundle is the sample's. Repeating it changes nothing.
    """
    from services.cli.demo import Demo, not_erased, seed_events, typical_people

    source, output = source_of(movielens, tmdb, catalogue, events, paths, maps, scale), Output(as_json)
    dataset, films = _matching_data(source, output)
    chosen = _chosen(dataset.events.user_ids, user, limit)
    with open_services() as services:
        remaining = not_erased(chosen, services.state.erased())
        lines = seed_events(dataset, remaining)
        people = services.state.seed(lines)
        demo = Demo.load(services.settings.marquee_home)
        users = demo.users or tuple(each for each in typical_people(dataset.events) if each in remaining)
        replace(demo, users=users).save(services.settings.marquee_home)
    erased, unknown = len(chosen) - len(remaining), sum(line.event.item_id not in films for line in lines)
    document = {"people": people, "events": len(lines), "unknown_films": unknown, "erased": erased,
                "simulated": source is None}  # fmt: skip
    kind = "simulated viewers" if source is None else "people"
    notes = [f"{erased:,} erased people were left out."] if erased else []
    if unknown:
        notes.append(f"{unknown:,} events are on films not in the active bundle; they take effect once it has them.")
    output.result(document, [f"Seeded {people:,} {kind} with {len(lines):,} events.", *notes])


def _matching_data(source: "Source | None", output: Output) -> "tuple[Dataset, frozenset[str]]":
    """Return the data (the sample catalogue's if None) and the ids of its films that the active bundle has.

    Raises Misused, Failed if the data are of other films, BundleMissing if no bundle is active.
    """
    from data_jobs.sample.load import load_sample
    from data_jobs.validate import load
    from services.cli.fit import active_bundle, check_sample, known_films
    from services.settings import load_settings

    bundle = active_bundle(load_settings().marquee_home)
    if source is None:
        check_sample(bundle)
    with output.progress() as progress:
        dataset, _ = load_sample(progress) if source is None else load(source, progress)
    return dataset, known_films(bundle, dataset)


def _chosen(user_ids: Sequence[str], user: list[str] | None, limit: int | None) -> list[str]:
    """Return the requested people. Raises Misused for one who is not in the data."""
    if unknown := sorted(set(user or ()) - set(user_ids)):
        raise Misused(f"{unknown[0]!r} is not in this data; it has {len(user_ids):,} people, e.g. {user_ids[:3]}")
    return (user or list(user_ids))[:limit]


@app.command("import", epilog=EXIT_CODES)
def import_history(
    file: Annotated[
        Path, typer.Argument(help="Export from Letterboxd, IMDb, Trakt, Simkl, Netflix, Jellyfin or Tautulli.")
    ],
    user: Annotated[str, typer.Option(help="Person's id.")],
    account: Annotated[str | None, typer.Option(help="Account to import, if the export has several.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import a person's history from another service.

    Give the export as a zip, a folder or one file. Repeating it changes nothing.
    """
    document = store_history(user, read_export(file, account))
    Output(as_json).result(document, imported_lines(document))


@app.command(epilog=EXIT_CODES)
def export(user: UserId) -> None:
    """Print everything stored about a person, as JSON."""
    with open_services() as services:
        document = services.recommender.export(user)
    if document is None:
        raise Failed(f"Nothing is stored about {user!r}.")
    Output(as_json=True).result(document, [])


@app.command(epilog=EXIT_CODES)
def erase(
    user: UserId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete everything stored about a person: profile, events, cached responses. This cannot be undone.

    A hash of the id is kept, so builds with --events-from-state and `users seed` skip the person's rows in the data
    files. Run such a build afterwards to remove the person from the next bundle as well.
    """
    if not yes:
        typer.confirm(f"Delete everything stored about {user!r}?", abort=True, err=True)
    with open_services() as services:
        erased = services.recommender.erase(user)
    if not erased:
        raise Failed(f"Nothing is stored about {user!r}; builds with --events-from-state will skip them.")
    Output(as_json).result({"user_id": user, "erased": True}, [f"Erased {user!r}."])
