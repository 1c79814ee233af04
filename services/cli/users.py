"""``marquee users``: people in bulk, histories from elsewhere, everything of one person, and forgetting one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output
from services.cli.failures import Failed, Misused
from services.cli.history import imported_lines, read_export, store_history
from services.cli.inputs import CatalogueFiles, EventsFile, Maps, Movielens, Paths, Scale, Tmdb, source_of
from services.cli.opening import open_services

if TYPE_CHECKING:
    from data_jobs.records import Dataset
    from data_jobs.validate import Source

app = typer.Typer(help="People: seed, import, export, erase.", rich_markup_mode=None, epilog=EXIT_CODES)
UserId = Annotated[str, typer.Argument(help="Id of the person.")]


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
    user: Annotated[list[str] | None, typer.Option(metavar="<str>", help="Only this person; may be repeated.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many people.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Put people's ratings of the input data into the state store, in bulk; a second run changes nothing.

    Name the files that the active bundle was built from: people of other films are refused. Without inputs the
    simulated viewers of the sample catalogue are taken, if the active bundle is the sample's.
    """
    from services.cli.demo import Demo, not_erased, seed_events, typical_people

    source, output = source_of(movielens, tmdb, catalogue, events, paths, maps, scale), Output(as_json)
    dataset, films = _fitting(source, output)
    asked = _chosen(dataset.events.user_ids, user, limit)
    with open_services() as services:
        wanted = not_erased(asked, services.state.erased())
        lines = seed_events(dataset, wanted)
        people = services.state.seed(lines)
        demo = Demo.load(services.settings.marquee_home)
        users = demo.users or tuple(each for each in typical_people(dataset.events) if each in wanted)
        replace(demo, users=users).save(services.settings.marquee_home)
    erased, unknown = len(asked) - len(wanted), sum(line.event.item_id not in films for line in lines)
    document = {"people": people, "events": len(lines), "unknown_films": unknown, "erased": erased,
                "simulated": source is None}  # fmt: skip
    kind = "simulated viewers" if source is None else "people"
    notes = [f"{erased:,} who were erased are left out."] if erased else []
    if unknown:
        notes.append(f"{unknown:,} events are of films that the active bundle does not have: they count once it has.")
    output.result(document, [f"Seeded {people:,} {kind} with {len(lines):,} events.", *notes])


def _fitting(source: "Source | None", output: Output) -> "tuple[Dataset, frozenset[str]]":
    """The data, None: the sample catalogue's, and those of its films that the active bundle has.

    Raises Misused, Failed where the data are of other films, BundleMissing where no bundle is active.
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


def _chosen(known: Sequence[str], user: list[str] | None, limit: int | None) -> list[str]:
    """The people asked for. Raises Misused for one whom the data do not know."""
    if unknown := sorted(set(user or ()) - set(known)):
        raise Misused(f"{unknown[0]!r} is nobody of this data; it has {len(known):,} people, e.g. {known[:3]}")
    return (user or list(known))[:limit]


@app.command("import", epilog=EXIT_CODES)
def import_history(
    file: Annotated[
        Path, typer.Argument(help="Export of Letterboxd, IMDb, Trakt, Simkl, Netflix, Jellyfin, Tautulli.")
    ],
    user: Annotated[str, typer.Option(help="Id of the person.")],
    account: Annotated[str | None, typer.Option(help="Whose rows, where the export has several people.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Take over what another service knows of a person: a zip, a folder or a file of it. Again, it changes nothing."""
    document = store_history(user, read_export(file, account))
    Output(as_json).result(document, imported_lines(document))


@app.command(epilog=EXIT_CODES)
def export(user: UserId) -> None:
    """Print all that is stored of a person, as JSON."""
    with open_services() as services:
        document = services.recommender.export(user)
    if document is None:
        raise Failed(f"Nothing is stored of {user!r}.")
    Output(as_json=True).result(document, [])


@app.command(epilog=EXIT_CODES)
def erase(
    user: UserId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete all that is stored of a person: profile, events, cached answers. It cannot be taken back.

    A hash of the id is kept: builds with --events-from-state and `users seed` leave out what the data files hold of
    the person. Build so afterwards, so that the next bundle knows nothing of them either.
    """
    if not yes:
        typer.confirm(f"Delete all that is stored of {user!r}?", abort=True, err=True)
    with open_services() as services:
        erased = services.recommender.erase(user)
    if not erased:
        raise Failed(f"Nothing is stored of {user!r}; builds with --events-from-state leave them out from now on.")
    Output(as_json).result({"user_id": user, "erased": True}, [f"Erased {user!r}."])
