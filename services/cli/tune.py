"""``marquee tune``: search the ranking's weights on splits of the training data."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.build import SIMULATED
from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.encoders import Encoder, Yes, embedding_options, encoder_of, query_encoder_of
from services.cli.evaluate import OUT
from services.cli.inputs import CatalogueFiles, EventsFile, Movielens, Tmdb, options_of, source_of

if TYPE_CHECKING:
    from data_jobs.evaluate.bootstrap import Interval
    from data_jobs.tuning.tune import Tuned

SHOWN = 5
"""Number of best trials to print; the file has all."""


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(tune)


def tune(
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    holdout: Annotated[
        Path | None, typer.Option(help="CSV of userId,movieId,kind to leave out; for a later `marquee evaluate`.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Number of trials, including the weights in use.")] = 100,
    weight: Annotated[
        list[str] | None, typer.Option(metavar="<name>", help="Weight to search; repeatable. Default: all.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Random seed; the same seed, data and trials give the same winner.")
    ] = 0,
    encoder: Encoder = None,
    params: Annotated[
        Path | None,
        typer.Option(help='JSON or TOML file of the weights in use, if changed: {"train": {...}, "weights": {...}}.'),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the trials (CSV) and the winner (JSON).")] = OUT,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over instead of resuming an interrupted search.")
    ] = False,
    yes: Yes = False,
    as_json: JsonOption = False,
) -> None:
    """Search for better ranking weights on validation splits of the training data.

    Likes are held out at random and by time, and a fifth of the people is left out of training. The weights and the
    strength of diversification that find most of these likes win. Half of the people choose the winner, the other half
    judges it. An interrupted search resumes from its CSV. Requires Optuna (extra `tune`).
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
        queries=query_encoder_of(encoder, settings),
        embedding_options=embedding_options(encoder, settings, yes, output),
        holdout=holdout, seed=seed, params=params,
    )  # fmt: skip
    with output.progress() as progress:
        tuned = search(order, TuningOrder(trials, tuple(weight or ()), out, fresh), progress)
    output.result(document(tuned), _lines(tuned, options_of(source)))


def _lines(tuned: "Tuned", data: str) -> list[str]:
    best = sorted(tuned.trials, key=lambda trial: -trial.worth)[:SHOWN]
    rows = [(each.number, f"{each.worth:.4f}", f"{each.diversity:.4f}") for each in best]
    resumed = [f"{tuned.resumed} trials were resumed from an interrupted run."] if tuned.resumed else []
    changed = [(name, f"{old:g}", f"{new:g}") for name, (old, new) in tuned.changed.items()]
    groups = [
        (each.group, each.gain.n, f"{each.before:.4f}", f"{each.after:.4f}", f"{each.gain}") for each in tuned.groups
    ]
    return [
        f"{len(tuned.trials)} trials on validation splits of {tuned.people:,} people; the weights in use are worth 1.",
        *resumed,
        *table(("trial", "worth", "intra-list diversity"), rows),
        "",
        *(
            table(("weight", "in use", "winner"), changed)
            if changed
            else ["No trial is better than the weights in use."]
        ),
        "",
        "NDCG@10 of the people who judge the winner:",
        *table(("group", "people", "in use", "winner", "gain, 95 %"), groups),
        f"intra-list diversity: {tuned.diversity[0]:.4f} before, {tuned.diversity[1]:.4f} after",
        f"margin: {_margin(tuned.chosen_by)} for those who chose, {_margin(tuned.judged_by)} for those who judge",
        "",
        *_advice(tuned, data),
    ]


def _margin(interval: "Interval") -> str:
    return f"{100 * interval.mean:+.2f} % ({100 * interval.low:+.2f} to {100 * interval.high:+.2f})"


def _advice(tuned: "Tuned", data: str) -> list[str]:
    """Return what to do with the winner."""
    files = [f"written: {tuned.sweep}", f"written: {tuned.weights}"]
    if not tuned.changed:
        return files
    if not tuned.better:
        return ["The interval of those who judge includes 0: keep the weights in use.", *files]
    build = " ".join(part for part in ("marquee build", data, f"--params {tuned.weights}") if part)
    return [f"Better beyond chance. To use it: {build}", *files]
