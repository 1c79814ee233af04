"""``marquee train``: train models that take longer than a build, into files that a build picks up."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.build import SIMULATED, log_of_state
from services.cli.console import EXIT_CODES, ExitCode, JsonOption, Output, table
from services.cli.encoders import EncoderChoice, Yes, embedding_options, encoder_of
from services.cli.inputs import CatalogueFiles, EventsFile, Maps, Movielens, Paths, Scale, Tmdb, source_of
from services.cli.verb_errors import Failed, Misused

if TYPE_CHECKING:
    from data_jobs.two_tower.files import TowerFile
    from data_jobs.two_tower.params import TowerParams
    from data_jobs.two_tower.training import Trained

NO_TORCH = (
    "PyTorch is not installed, and training needs it (4 GB): `uv sync --locked --group train` in a checkout. Building, "
    "serving and recommending do not"
)


class LossChoice(StrEnum):
    """Values of ``--loss``."""

    SOFTMAX = "softmax"
    TRIPLET = "triplet"


def register(parent: typer.Typer) -> None:
    """Add the verbs to the command line."""
    group = typer.Typer(
        name="train",
        no_args_is_help=True,
        help="Train models for a build or a SageMaker endpoint.",
        rich_markup_mode=None,
        epilog=EXIT_CODES,
    )
    group.command(name="two-tower", epilog=EXIT_CODES)(two_tower)
    parent.add_typer(group)


def two_tower(
    paths: Paths = None,
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    maps: Maps = None,
    scale: Scale = None,
    holdout: Annotated[Path | None, typer.Option(help="CSV of userId,movieId to leave out of training.")] = None,
    events_from_state: Annotated[
        bool, typer.Option("--events-from-state", help="Also train on the feedback in the state store.")
    ] = False,
    loss: Annotated[
        LossChoice,
        typer.Option(help="softmax: with the batch's other likes as negatives; triplet: with hard negatives."),
    ] = LossChoice.SOFTMAX,
    dims: Annotated[int | None, typer.Option(min=1, max=1_024, help="Length of the vectors. Default: 64.")] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000,
            help="Maximum number; training stops early when validation no longer improves. Default: 30.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed; the same seed and data give the same model.")] = 0,
    encoder: Annotated[
        EncoderChoice | None, typer.Option(help="Use the texts' vectors by this encoder as features. Default: none.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over instead of resuming an interrupted training.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Train even if many rows are invalid.")] = False,
    yes: Yes = False,
    as_json: JsonOption = False,
) -> None:
    """Train the two-tower model.

    It consists of film vectors and a network that computes a person's vector from what they like. Writes to
    MARQUEE_HOME/two_tower: model.tar.gz for a SageMaker endpoint, two_tower.npz for a build with --two-tower,
    report.json and curve.svg. An interrupted training resumes when run with the same data and options. A tag genome in
    the MovieLens folder is used as features.
    """
    _need_torch()
    from data_jobs.build import Order
    from data_jobs.two_tower.files import FOLDER
    from data_jobs.two_tower.training import CHECKPOINT
    from services.settings import load_settings

    settings, output = load_settings(), Output(as_json)
    source = source_of(movielens, tmdb, catalogue, events, paths, maps, scale)
    if source is None:
        output.say(SIMULATED)
    chosen = encoder or EncoderChoice.NONE
    order = Order(
        home=settings.marquee_home, source=source, encoder=encoder_of(chosen, settings), holdout=holdout,
        embedding_options=embedding_options(chosen, settings, yes, output), force=force,
    )  # fmt: skip
    params = _params(loss, dims, epochs, seed)
    if fresh:
        (settings.marquee_home / FOLDER / CHECKPOINT).unlink(missing_ok=True)
    with log_of_state(events_from_state) as (log, erased), output.progress() as progress:
        from data_jobs.two_tower.order import train_order

        trained, tower_file = train_order(replace(order, log=log, erased=erased), params, progress)
    folder = settings.marquee_home / FOLDER
    output.result(_document(trained, tower_file, folder), _lines(trained, tower_file, folder))


def _need_torch() -> None:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise Failed(NO_TORCH, ExitCode.UNAVAILABLE)


def _params(loss: LossChoice, dims: int | None, epochs: int | None, seed: int) -> "TowerParams":
    from data_jobs.two_tower.params import Loss, TowerParams

    options = {name: value for name, value in (("dims", dims), ("epochs", epochs)) if value is not None}
    try:
        return TowerParams.of(Loss(loss), seed=seed, **options)
    except ValueError as error:
        raise Misused(str(error)) from error


def _document(trained: "Trained", tower_file: "TowerFile", folder: Path) -> dict[str, Any]:
    from data_jobs.two_tower.files import report_of

    return report_of(trained, tower_file) | {"folder": str(folder), "resumed_epochs": trained.resumed}


def _lines(trained: "Trained", tower_file: "TowerFile", folder: Path) -> list[str]:
    """Return the curve as a table, and what was written."""
    curve = trained.curve
    rows = [
        (epoch.number, f"{epoch.loss:.4f}", f"{epoch.recall:.4f}", f"{epoch.ndcg:.4f}", "best" * (epoch == curve.best))
        for epoch in curve.judged
    ]
    resumed = [f"{trained.resumed} epochs were resumed from an interrupted run."] if trained.resumed else []
    return [
        *table(("epoch", "loss", "Recall@10", "NDCG@10", ""), rows),
        f"Measured with a fifth of the likes held out; then trained on all of them for {len(curve.whole)} epochs.",
        *resumed,
        f"{tower_file.version} is in {folder}. To serve it: marquee build --two-tower with the same data.",
    ]
