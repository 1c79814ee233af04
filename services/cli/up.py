"""``marquee up``, run by `make run`: build a bundle if needed, seed some people, start the server."""

import json
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.build import SIMULATED, active_inputs, summary_of
from services.cli.console import EXIT_CODES, Output
from services.cli.demo import Demo, not_erased, seed_events, typical_people
from services.cli.encoders import Encoder, EncoderChoice, Yes, chosen, embedding_options, encoder_of, or_none
from services.cli.inputs import CatalogueFiles, EventsFile, Maps, Movielens, Paths, Scale, Tmdb, options_of, source_of
from services.cli.inspect import print_forms
from services.cli.rebuild import Rebuild, rebuilding
from services.cli.serve import Host, Insecure, Port, Workers, check_address, run_server, serving_settings
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from data_jobs.build import Built, Order
    from data_jobs.validate import Source
    from services.settings import Settings


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(up)


def up(
    paths: Paths = None,
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    maps: Maps = None,
    scale: Scale = None,
    encoder: Encoder = None,
    yes: Yes = False,
    host: Host = None,
    port: Port = None,
    workers: Workers = 1,
    insecure: Insecure = False,
    rebuild: Annotated[
        Rebuild | None,
        typer.Option("--rebuild", help="Rebuild at this interval from the files and the feedback so far."),
    ] = None,
) -> None:
    """Build a bundle if needed, store some people, and serve.

    Builds if there is no bundle or the inputs have changed, stores some of the data's people to try, and serves.
    Without inputs MovieLens ml-latest-small is downloaded, or the sample catalogue is used if there is no network. With
    --rebuild, each new bundle is served as soon as it is ready; no request is lost.
    """
    settings, output = serving_settings(host, port), Output()
    inputs = source_of(movielens, tmdb, catalogue, events, paths, maps, scale)
    if rebuild is not None and inputs is None:
        raise Misused("--rebuild builds from files: name them, e.g. `marquee up films.csv --rebuild daily`")
    check_address(settings, insecure)
    encoder = or_none(encoder, settings, output)
    built = _build_if_needed(settings, inputs, encoder, output, yes)
    if built is not None:
        output.result(None, summary_of(built))
        _seed(settings, built, output)
    demo = Demo.load(settings.marquee_home)
    with_people = settings.model_copy(update={"demo_users": settings.demo_users or demo.users})
    encoder_name = chosen(encoder, settings).value
    arguments = [*shlex.split(options_of(inputs)), "--encoder", encoder_name, "--events-from-state", *["--yes"] * yes]
    with rebuilding(settings, arguments, rebuild, output):
        code = run_server(with_people, workers, insecure, curl_lines(demo))
    raise typer.Exit(code)


def _build_if_needed(
    settings: "Settings", inputs: "Source | None", encoder: EncoderChoice | None, output: Output, yes: bool
) -> "Built | None":
    """Return the new bundle, or None if the active one is still valid."""
    active = active_inputs(settings.marquee_home, inputs, output)
    if inputs is None and active is not None:
        output.say("Using the active bundle; to change it, name other inputs or run `marquee build`.")
        return None
    from data_jobs.build import build, fingerprint

    source = inputs or _download(settings, output)
    order = replace(
        _order(settings, source, encoder), embedding_options=embedding_options(encoder, settings, yes, output)
    )
    if active == fingerprint(order):
        output.say("Inputs unchanged: using the bundle built from them.")
        return None
    if inputs is not None:
        print_forms(inputs, output)
    output.say(f"Building a bundle under {settings.marquee_home}; texts embedded before are reused.")
    with output.progress() as progress:
        return build(order, progress)


def _order(settings: "Settings", source: "Source | None", encoder: EncoderChoice | None) -> "Order":
    from data_jobs.build import Order

    return Order(home=settings.marquee_home, source=source, encoder=encoder_of(encoder, settings))


def _download(settings: "Settings", output: Output) -> "Source | None":
    """Return MovieLens ml-latest-small, or None (the sample catalogue) if it cannot be downloaded."""
    from data_jobs.download import DownloadFailed
    from data_jobs.movielens_download import DATA_SETS, NAME, download_movielens, find_movielens
    from data_jobs.validate import Source

    folder = settings.marquee_home / "downloads"
    if find_movielens(folder) is None:
        output.say(DATA_SETS[NAME].terms)
    try:
        with output.progress() as progress:
            return Source(movielens=download_movielens(folder, progress, settings.movielens_url))
    except DownloadFailed as error:
        output.say(f"MovieLens cannot be downloaded ({error}). {SIMULATED}")
        return None


def _seed(settings: "Settings", built: "Built", output: Output) -> None:
    """Seed some people of the data into the state store; none if the data have no people."""
    from services.bootstrap import build_services

    services = build_services(settings)
    try:
        users = not_erased(typical_people(built.dataset.events), services.state.erased())
        services.state.seed(seed_events(built.dataset, users))
    finally:
        services.close()
    items = tuple(film.item_id for film in built.dataset.films[:2])
    Demo(users, items).save(settings.marquee_home)
    if users:
        output.say(f"Seeded {len(users)} people from the data to try: {', '.join(users)}.")


def curl_lines(demo: Demo) -> list[str]:
    """Return three commands to try, with existing ids."""
    person = demo.users[0] if demo.users else "me"
    film = demo.items[0] if demo.items else "1"
    return [
        "Try:",
        _curl("/recommend", {"user_id": person, "k": 5}),
        _curl("/feedback", {"user_id": person, "item_id": film, "event": "like"}),
        _curl("/recommend", {"liked": list(demo.items) or [film], "query": "a heist in a dream", "k": 5}),
    ]


def _curl(path: str, body: dict[str, object]) -> str:
    return f"  curl -s -X POST {{url}}{path} -H 'content-type: application/json' -d '{json.dumps(body)}'"
