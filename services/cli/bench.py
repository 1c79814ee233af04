"""``marquee bench``: measure speed and memory against the targets."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import bench_engines, bench_lambda, bench_scale, bench_tables
from services.cli.bench_engines import EngineChoice, SearchOption, StateChoice, StateOption
from services.cli.console import EXIT_CODES, JsonOption, Output
from services.cli.encoders import PAID, EncoderChoice
from services.cli.inputs import Movielens, Tmdb, source_of
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from data_jobs.bench.world import World

Metadata = Annotated[Path | None, typer.Option(help="TMDB metadata, JSON lines, plain or .gz; requires --films.")]
Films = Annotated[int | None, typer.Option(min=1, help="Extend the catalogue to this many films from --metadata.")]


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(bench)


def bench(
    sizes: Annotated[
        list[int] | None, typer.Argument(metavar="SIZES", help="With --scale: numbers of films to measure.")
    ] = None,
    films: Films = None,
    metadata: Metadata = None,
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    real_text: Annotated[
        bool, typer.Option("--real-text", help="Embed the films' texts (takes minutes) instead of simulating vectors.")
    ] = False,
    encoder: Annotated[
        EncoderChoice, typer.Option(help="minilm: with vectors and free-text queries; none: without.")
    ] = EncoderChoice.MINILM,
    requests: Annotated[int, typer.Option(min=100, max=100_000, help="Requests per pass of the mix.")] = 1_000,
    search: SearchOption = EngineChoice.EMBEDDED,
    state: StateOption = StateChoice.SQLITE,
    on_lambda: Annotated[
        bool, typer.Option("--lambda", help="Measure under Lambda's emulator: cold starts, warm requests, size.")
    ] = False,
    scale: Annotated[
        bool,
        typer.Option(
            "--scale", help="Measure generated catalogues of several sizes, by default up to a million films."
        ),
    ] = False,
    train: Annotated[
        bool, typer.Option("--train", help="With --scale: also train the tables (5 to 15 core minutes per size).")
    ] = False,
    as_json: JsonOption = False,
    out: Annotated[Path | None, typer.Option(help="Also write the JSON document to this file.")] = None,
) -> None:
    """Measure speed and memory of a real server on this machine against the targets.

    Without inputs the active bundle is measured, or the sample catalogue if none is active. A catalogue generated for
    the benchmark is kept under MARQUEE_HOME/bench and reused; the people are simulated.
    """
    from data_jobs.bench.run import measure
    from data_jobs.bench.sequence import Effort
    from data_jobs.bench.world import find_bundle
    from services.settings import load_settings

    settings, output = load_settings(), Output(as_json)
    if (sizes or train) and not scale:
        raise Misused("SIZES and --train require --scale")
    if scale:
        has_encoder = encoder is EncoderChoice.MINILM
        bench_scale.run(sizes or (), settings, output, trained=train, encoder=has_encoder, out=out)
        return
    if on_lambda:
        bench_lambda.refuse_engines(search, state)
    run_settings = bench_engines.settings_of_run(settings, search, state)
    world = _world(films, metadata, movielens, tmdb, real_text, encoder, settings.embedder_dir)
    with output.progress() as progress:
        bundle = find_bundle(settings.marquee_home, world, progress)
        if on_lambda:
            document = bench_lambda.measured(bundle, settings.marquee_home / "bench", progress)
        else:
            document = measure(bundle, run_settings, world.encoder, Effort(requests), progress)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    lines_of = bench_tables.lambda_lines_of if on_lambda else bench_tables.lines_of
    output.result(document, lines_of(document))


def _world(
    films: int | None,
    metadata: Path | None,
    movielens: Path | None,
    tmdb: Path | None,
    real_text: bool,
    encoder: EncoderChoice,
    embedder_dir: Path | None,
) -> "World":
    """Return what to measure. Raises Misused for invalid combinations, EncoderUnavailable."""
    from data_jobs.bench.catalogues import Filling
    from data_jobs.bench.world import World

    if (films is None) != (metadata is None):
        raise Misused("--films N and --metadata FILE must be given together")
    if metadata is not None and not metadata.is_file():
        raise Misused(f"{metadata}: no such file")
    if real_text and encoder is EncoderChoice.NONE:
        raise Misused("--real-text needs an encoder; remove --encoder none")
    filling = Filling(films, metadata) if films is not None and metadata is not None else None
    text_encoder = None
    if encoder in PAID:
        raise Misused(f"--encoder {encoder}: expected minilm or none; Bedrock's speed is not this machine's")
    if encoder is EncoderChoice.MINILM:
        from services.adapters.embed.onnx import load_encoder

        text_encoder = load_encoder(embedder_dir, threads=2)
    return World(source_of(movielens, tmdb, None, None), filling, real_text, text_encoder)
