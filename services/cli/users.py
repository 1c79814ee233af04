"""``marquee users``: people in bulk, everything of one person, and forgetting one."""

from dataclasses import replace
from typing import Annotated

import typer

from services.cli.console import EXIT_CODES, JsonOption, Output
from services.cli.failures import Failed, Misused
from services.cli.inputs import CatalogueFiles, EventsFile, Movielens, Tmdb, source_of
from services.cli.opening import open_services

app = typer.Typer(help="People: seed, export, erase.", rich_markup_mode=None, epilog=EXIT_CODES)
UserId = Annotated[str, typer.Argument(help="Id of the person.")]


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    parent.add_typer(app, name="users")


@app.command(epilog=EXIT_CODES)
def seed(
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    user: Annotated[list[str] | None, typer.Option(metavar="<str>", help="Only this person; may be repeated.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many people.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Put people's ratings of the input data into the state store, in bulk; a second run changes nothing.

    Without inputs the simulated viewers of the sample catalogue are taken.
    """
    from data_jobs.sample.load import load_sample
    from data_jobs.validate import load
    from services.cli.demo import Demo, not_erased, seed_events, typical_people

    source, output = source_of(movielens, tmdb, catalogue, events), Output(as_json)
    with output.progress() as progress:
        dataset, _ = load_sample(progress) if source is None else load(source, progress)
    known = dataset.events.user_ids
    if unknown := sorted(set(user or ()) - set(known)):
        raise Misused(f"{unknown[0]!r} is nobody of this data; it has {len(known):,} people, e.g. {known[:3]}")
    asked = (user or list(known))[:limit]
    with open_services() as services:
        wanted = not_erased(asked, services.state.erased())
        lines = seed_events(dataset, wanted)
        people = services.state.seed(lines)
        demo = Demo.load(services.settings.marquee_home)
        users = demo.users or tuple(each for each in typical_people(dataset.events) if each in wanted)
        replace(demo, users=users).save(services.settings.marquee_home)
    erased = len(asked) - len(wanted)
    document = {"people": people, "events": len(lines), "erased": erased, "simulated": source is None}
    kind = "simulated viewers" if source is None else "people"
    left_out = [f"{erased:,} who were erased are left out."] if erased else []
    output.result(document, [f"Seeded {people:,} {kind} with {len(lines):,} events.", *left_out])


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
