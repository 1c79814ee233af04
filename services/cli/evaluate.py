"""``marquee evaluate``: measure recommendation quality with the pipeline that is served."""

import inspect
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.build import SIMULATED
from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.encoders import Encoder, Yes, embedding_options, encoder_of, query_encoder_of
from services.cli.inputs import CatalogueFiles, EventsFile, Movielens, Tmdb, source_of
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data_jobs.evaluate.evaluation import Evaluation, EvaluationOrder
    from data_jobs.evaluate.outcome import Table

OUT = Path("artifacts/eval")


class SplitChoice(StrEnum):
    """How to draw a holdout if no file gives one."""

    RANDOM = "random"
    TIME = "time"
    GLOBAL = "global"


PARTS = {
    "newcomers": "People unseen in training, in five folds.",
    "arrivals": "People who arrive after a point in time, with nothing later in training.",
    "focused": "Three likes of one director, genre, language, decade or series.",
    "popularity": "Popularity bias of the lists; the long tail; genre calibration.",
    "growth": "A growing service: 0, 1,000, 10,000 and all ratings, with and without votes.",
    "cold-items": "Films with all their ratings removed.",
    "queries": "150 names and 200 taglines as searches with known answers.",
    "finder": "500 ways to name a known film.",
    "series": "Part 1 of a series is liked: is part 2 recommended, and before part 3?",
    "similar": "Series and co-liked films in /similar.",
    "reasons": "Each film cited as a reason is removed: does the score fall?",
    "explanations": "500 sentences by template and by BEDROCK_MODEL: true, short, varied?",
    "panel": "Well-known tastes, queries and films: do the results match what a film lover expects?",
    "two-tower": "The two-tower model alone, with both losses; needs PyTorch, so not part of --all.",
    "svd-grid": "Variants of the SVD on splits of the training part, for the preset svd; not part of --all.",
    "l3ae": "Trial of L3AE (text vectors as a prior) on splits of the training part; not part of --all.",
    "deql": "Trial of DEQL (a loss that includes unmasked films) on splits of the training part; not part of --all.",
    "dan": "Trial of DAN (normalised people and films) on splits of the training part; not part of --all.",
    "sparse-rows": "Trial of scores for films outside the tables, on splits of the training part; not part of --all.",
    "next-film": "Trial of models of the order of likes, on splits of the training part; not part of --all.",
    "attention": "Trial of self-attention as a term of the whole score; needs PyTorch, so not part of --all.",
}
"""Option name and help text of each part in the evaluation's registry."""
APART = frozenset({"two-tower", "svd-grid", "l3ae", "deql", "dan", "sparse-rows", "next-film", "attention"})
"""Parts that --all leaves out."""
IMPLIED = frozenset({(SplitChoice.GLOBAL, "arrivals")})
"""Parts implied by a split."""


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line, with one option per part."""
    with_parts: Any = evaluate
    signature = inspect.signature(evaluate, eval_str=True)
    own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    at = next(place for place, each in enumerate(own) if each.name == "everything")
    own[at:at] = [
        inspect.Parameter(
            _key(name),
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=False,
            annotation=Annotated[bool, typer.Option(f"--{name}", help=text)],
        )
        for name, text in PARTS.items()
    ]
    with_parts.__signature__ = signature.replace(parameters=own)
    parent.command(epilog=EXIT_CODES)(evaluate)


def _key(name: str) -> str:
    return name.replace("-", "_")


def evaluate(
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    catalogue: CatalogueFiles = None,
    events: EventsFile = None,
    holdout: Annotated[Path | None, typer.Option(help="CSV of userId,movieId,kind (positive or low).")] = None,
    split: Annotated[
        SplitChoice | None,
        typer.Option(
            help="Draw the holdout: a random fifth of each person's likes, the newest fifth, or all since a date."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    everything: Annotated[
        bool, typer.Option("--all", help="All parts except two-tower, svd-grid and the trials.")
    ] = False,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Compare two presets (default, playbook, svd), files of weights or bundles, on the same people.",
        ),
    ] = None,
    strong: Annotated[
        bool,
        typer.Option(
            "--strong",
            help="Measure strong generalisation instead: whole people held out, with the metrics of papers on ML-20M.",
        ),
    ] = False,
    encoder: Encoder = None,
    params: Annotated[
        Path | None, typer.Option(help='JSON or TOML file of changed parameters: {"train": {...}, "weights": {...}}.')
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results: JSON, CSV and SVG, or HTML.")] = OUT,
    yes: Yes = False,
    as_json: JsonOption = False,
    **parts: bool,
) -> None:
    """Measure recommendation quality on held-out likes, or compare two versions.

    Compares the recommender with popularity, plain EASE, PureSVD and the presets. Likes are held out, and the rest
    trains a separate bundle; the active bundle stays as it is. Rankings are over the full catalogue, without the films
    a person rated in training. Without inputs the sample catalogue is used.
    """
    # Set before numpy loads: on busy cores BLAS threads wait for each other, and results depend on their number.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from data_jobs.evaluate.evaluation import EvaluationOrder
    from data_jobs.evaluate.split import SplitKind
    from services.settings import load_settings

    if holdout is not None and split is not None:
        raise Misused("--holdout FILE and --split are alternatives: give only one")
    if compare is not None and (everything or any(parts.values())):
        raise Misused("--compare A B has no parts: leave out --all and the parts' options")
    if strong and (
        compare is not None or holdout is not None or split is not None or everything or any(parts.values())
    ):
        raise Misused("--strong holds out people by itself: leave out --compare, --holdout, --split and all parts")
    settings, output = load_settings(), Output(as_json)
    source = source_of(movielens, tmdb, catalogue, events)
    if source is None:
        output.say(SIMULATED)
    order = EvaluationOrder(
        home=settings.marquee_home,
        source=source,
        encoder=encoder_of(encoder, settings),
        queries=query_encoder_of(encoder, settings),
        embedding_options=embedding_options(encoder, settings, yes, output),
        holdout=holdout,
        split=SplitKind(split or SplitChoice.RANDOM),
        seed=seed,
        parts=frozenset(
            name
            for name in PARTS
            if (everything and name not in APART) or parts[_key(name)] or (split, name) in IMPLIED
        ),
        params=params,
    )
    if strong:
        _strong(order, out, output)
    elif compare is None:
        _measure(order, out, output)
    else:
        _compare(order, compare, out, output)


def _measure(order: "EvaluationOrder", out: Path, output: Output) -> None:
    """Measure all models and the parts, print the tables, and write the files."""
    from data_jobs.evaluate.report import document, write
    from data_jobs.evaluate.runner import evaluate as measure

    with output.progress() as progress:
        result = measure(order, progress)
    paths = write(result, out)
    output.result(document(result), [*_lines(result), *(f"written: {path}" for path in paths)])


def _compare(order: "EvaluationOrder", names: tuple[str, str], out: Path, output: Output) -> None:
    """Compare two sides, print the tables, and write the page."""
    from data_jobs.evaluate.compare.report import document, tables, write
    from data_jobs.evaluate.compare.run import run

    with output.progress() as progress:
        result = run(order, names, progress)
    paths = write(result, out)
    output.result(document(result), [*printed(tables(result)), *(f"written: {path}" for path in paths)])


def _strong(order: "EvaluationOrder", out: Path, output: Output) -> None:
    """Measure strong generalisation, print the tables, and write the files."""
    from data_jobs.evaluate.strong import document, strong, write

    with output.progress() as progress:
        result = strong(order, progress)
    paths = write(result, out)
    output.result(document(result), [*printed(result.tables()), *(f"written: {path}" for path in paths)])


def printed(tables: "Iterable[Table]") -> list[str]:
    """Return tables as lines of text."""
    lines = []
    for part in tables:
        shown = table(part.headings, part.rows) if part.headings else [f"  {cell}" for row in part.rows for cell in row]
        lines += [part.title, *shown, *part.notes, ""]
    return lines


def _lines(evaluation: "Evaluation") -> list[str]:
    from data_jobs.evaluate.report import tables

    lines = printed(tables(evaluation))
    took = ", ".join(f"{part} {seconds:.0f}" for part, seconds in evaluation.seconds.items())
    return [*lines, f"seconds: {took}; {sum(evaluation.seconds.values()):.0f} in total"]
