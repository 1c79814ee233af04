"""``marquee tune``: search the ranking's weights on splits of the training data."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.build import SIMULATED
from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.encoders import Encoder, Yes, encoder_of, manner_of, query_encoder_of
from services.cli.evaluate import OUT
from services.cli.inputs import CatalogueFiles, EventsFile, Movielens, Tmdb, options_of, source_of

if TYPE_CHECKING:
    from data_jobs.evaluate.bootstrap import Interval
    from data_jobs.tuning.tune import Tuned

SHOWN = 5
"""Best trials that are printed; the file has all."""


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(tune)


def tune(
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    holdout: Annotated[
        Path | None, typer.Option(help="CSV of userId,movieId,kind to leave out, for a later `marquee evaluate`.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials in all, the weights in use included.")] = 100,
    weight: Annotated[
        list[str] | None, typer.Option(metavar="<name>", help="Weight to search; repeatable. Default: all.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, data and trials give the same winner.")] = 0,
    encoder: Encoder = None,
    params: Annotated[
        Path | None,
        typer.Option(
            help='JSON or TOML file {"train": {...}, "weights": {...}} of the weights in use, if not the default.'
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the trials as CSV, and the winner.")] = OUT,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew where a search was interrupted.")] = False,
    yes: Yes = False,
    as_json: JsonOption = False,
) -> None:
    """Search the ranking's weights and its diversification for those that find most of what people went on to like.

    Likes are hidden within the training data, by chance and by time, and a fifth of the people leaves training. Half
    of all people choose the weights, the other half judges the winner. A search that was interrupted goes on from its
    CSV. Needs Optuna (extra `tune`).
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from data_jobs.evaluate.evaluation import EvaluationOrder
    from data_jobs.tuning.tune import TuningOrder, document
    from data_jobs.tuning.tune import tune as search
    from services.settings import load_settings

    settings, output = load_settings(), Output(as_json)
    source = source_of(movielens, tmdb, catalogue, events)
    if source is None:
        output.say(SIMULATED)
    order = EvaluationOrder(
        home=settings.marquee_home, source=source, encoder=encoder_of(encoder, settings),
        queries=query_encoder_of(encoder, settings), manner=manner_of(encoder, settings, yes, output),
        holdout=holdout, seed=seed, params=params,
    )  # fmt: skip
    with output.progress() as progress:
        found = search(order, TuningOrder(trials, tuple(weight or ()), out, fresh), progress)
    output.result(document(found), _lines(found, options_of(source)))


def _lines(found: "Tuned", data: str) -> list[str]:
    best = sorted(found.trials, key=lambda trial: -trial.worth)[:SHOWN]
    rows = [(each.number, f"{each.worth:.4f}", f"{each.diversity:.4f}") for each in best]
    resumed = [f"{found.resumed} trials are of the run before."] if found.resumed else []
    changed = [(name, f"{old:g}", f"{new:g}") for name, (old, new) in found.changed.items()]
    groups = [
        (each.group, each.gain.n, f"{each.before:.4f}", f"{each.after:.4f}", f"{each.gain}") for each in found.groups
    ]
    return [
        f"{len(found.trials)} trials on validation splits of {found.people:,} people; the weights in use are worth 1.",
        *resumed,
        *table(("trial", "worth", "intra-list diversity"), rows),
        "",
        *(table(("weight", "in use", "winner"), changed) if changed else ["No trial is above the weights in use."]),
        "",
        "NDCG@10 of the people who did not choose the winner:",
        *table(("group", "people", "in use", "winner", "gain, 95 %"), groups),
        f"intra-list diversity {found.diversity[0]:.4f} to {found.diversity[1]:.4f}",
        f"margin: {_margin(found.chosen_by)} by those who chose, {_margin(found.judged_by)} by the others",
        "",
        *_advice(found, data),
    ]


def _margin(found: "Interval") -> str:
    return f"{100 * found.mean:+.2f} % ({100 * found.low:+.2f} to {100 * found.high:+.2f})"


def _advice(found: "Tuned", data: str) -> list[str]:
    """Say what to do with the winner."""
    files = [f"written: {found.sweep}", f"written: {found.weights}"]
    if not found.changed:
        return files
    if not found.better:
        return ["The others' interval holds 0: keep the weights in use.", *files]
    build = " ".join(part for part in ("marquee build", data, f"--params {found.weights}") if part)
    return [f"Better beyond chance. To use it: {build}", *files]
