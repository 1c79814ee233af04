"""``marquee import``: from any film data to the first recommendations in one command."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.build import document_of, summary_of
from services.cli.console import EXIT_CODES, JsonOption, Output
from services.cli.demo import Demo, not_erased, seed_events, typical_people
from services.cli.encoders import Encoder, EncoderChoice, Yes, embedding_options, encoder_of
from services.cli.history import imported_lines, next_lines, read_export, store_history
from services.cli.inputs import Maps, Paths, Scale, options_of, source_of
from services.cli.inspect import lines_of, look
from services.cli.open_services import open_services
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from data_jobs.build import Built
    from data_jobs.validate import Source
    from services.recommender.domain.imported_history import ImportedHistory
    from services.settings import Settings

MOST_STORED = 1_000_000
"""Maximum number of events for all people to be stored; beyond it, only some are."""
SHOWN = 10


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command("import", epilog=EXIT_CODES)(import_files)


def import_files(
    paths: Paths = None,
    user: Annotated[
        str | None,
        typer.Option(help="Read the path as this person's export. An export recognised without it is stored as `me`."),
    ] = None,
    account: Annotated[str | None, typer.Option(help="Account to import, if the export has several.")] = None,
    maps: Maps = None,
    scale: Scale = None,
    encoder: Encoder = None,
    yes: Yes = False,
    as_json: JsonOption = False,
) -> None:
    """Import film data or one person's history, and show recommendations.

    From films and events it builds and activates a bundle, and stores their people. From one person's export of
    Letterboxd, IMDb, Trakt, Simkl, Netflix, Jellyfin or Tautulli it stores their history (see `marquee users import`).
    """
    from services.settings import load_settings

    start, settings, output = time.monotonic(), load_settings(), Output(as_json)
    source = source_of(None, None, None, None, paths, maps, scale)
    if source is None:
        raise Misused("name a folder, files or a zip, e.g. `marquee import films.csv orders.csv`")
    history = _history(source, user, account, output)
    if history is not None:
        document = store_history(user or "me", history)
        lines = list(imported_lines(document))
    else:
        document, lines = _from_data(source, settings, encoder, yes, output)
    document["seconds"] = round(time.monotonic() - start, 1)
    output.result(document, [*lines, f"First recommendations after {document['seconds']:.1f} s."])


def _history(source: "Source", user: str | None, account: str | None, output: Output) -> "ImportedHistory | None":
    """Return one person's history if the path holds one; otherwise print what the paths were recognised as and return
    None. Raises Misused, InvalidRequest.
    """
    from data_jobs.forms.part import Role
    from services.recommender.errors import InvalidRequest

    if user is not None or account is not None:
        return read_export(_only(source.paths), account)
    parts = look(source)
    if len(source.paths) == 1 and not any(part.role in (Role.FILMS, Role.EVENTS) for part in parts):
        try:
            return read_export(source.paths[0], None)
        except InvalidRequest as error:
            output.say(f"Neither film data nor a person's export: {error}")
    for line in lines_of(parts):
        output.say(line)
    return None


def _only(paths: "tuple[Path, ...]") -> Path:
    if len(paths) != 1:
        raise Misused("--user and --account need exactly one path: an export as a zip, a folder or a file")
    return paths[0]


def _from_data(
    source: "Source", settings: "Settings", encoder: EncoderChoice | None, yes: bool, output: Output
) -> tuple[dict[str, Any], list[str]]:
    """Build, store the people and recommend; return the document and its lines. Raises DataError, TrainingError."""
    from data_jobs.build import Order, build

    order = Order(
        home=settings.marquee_home, source=source, encoder=encoder_of(encoder, settings),
        embedding_options=embedding_options(encoder, settings, yes, output),
    )  # fmt: skip
    with output.progress() as progress:
        built = build(order, progress)
    stored, user_id, items = _stored(built, settings)
    document = {**document_of(built), "stored": stored, "user_id": user_id, "recommendations": items}
    lines = [*summary_of(built, stored=bool(stored)), ""]
    total = len(built.dataset.events.user_ids)
    if stored:
        rest = f"; to store all, run `marquee users seed {options_of(source)}`" if stored < total else ""
        lines += [f"Stored {stored:,} of {total:,} people{rest}. For {user_id}:", ""]
    return document, [*lines, *next_lines(items)]


def _stored(built: "Built", settings: "Settings") -> tuple[int, str | None, list[dict[str, Any]]]:
    """Store the people of the data, only some of them if there are very many; return how many, one of them, and films
    for that person. Raises StateUnavailable.
    """
    from services.recommender.domain.request import Request

    events = built.dataset.events
    typical = typical_people(events)
    candidates = events.user_ids if len(events) <= MOST_STORED else typical
    with open_services() as services:
        users = not_erased(candidates, services.state.erased())
        people = services.state.seed(seed_events(built.dataset, users)) if users else 0
        shown = tuple(each for each in typical if each in set(users))
        Demo(shown, tuple(film.item_id for film in built.dataset.films[:2])).save(settings.marquee_home)
        user_id = shown[0] if shown else None
        answer = services.recommender.recommend(Request(user_id=user_id, k=SHOWN))
    return people, user_id, json.loads(answer.payload)["items"]
