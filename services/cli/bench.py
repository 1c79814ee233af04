"""``marquee bench``: how fast, and in how much memory, beside the targets."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli import bench_engines, bench_lambda
from services.cli.bench_engines import SearchChoice, SearchOption, StateChoice, StateOption
from services.cli.build import EncoderChoice
from services.cli.console import EXIT_CODES, JsonOption, Output, table
from services.cli.failures import Misused
from services.cli.inputs import Movielens, Tmdb, source_of

if TYPE_CHECKING:
    from data_jobs.bench.world import World

Metadata = Annotated[Path | None, typer.Option(help="TMDB metadata, JSON lines, plain or .gz; goes with --films.")]
Films = Annotated[int | None, typer.Option(min=1, help="Fill the catalogue up to so many films out of --metadata.")]


def register(parent: typer.Typer) -> None:
    """Add the verb to the command line."""
    parent.command(epilog=EXIT_CODES)(bench)


def bench(
    films: Films = None,
    metadata: Metadata = None,
    movielens: Movielens = None,
    tmdb: Tmdb = None,
    real_text: Annotated[
        bool, typer.Option("--real-text", help="Embed the films' texts (minutes) instead of simulating vectors.")
    ] = False,
    encoder: Annotated[
        EncoderChoice, typer.Option(help="minilm: with vectors and free text; none: without.")
    ] = EncoderChoice.MINILM,
    requests: Annotated[int, typer.Option(min=100, max=100_000, help="Requests of the mix in a pass.")] = 1_000,
    search: SearchOption = SearchChoice.EMBEDDED,
    state: StateOption = StateChoice.SQLITE,
    on_lambda: Annotated[
        bool, typer.Option("--lambda", help="Measure the function under Lambda's emulator: first answers, warm, size.")
    ] = False,
    as_json: JsonOption = False,
    out: Annotated[Path | None, typer.Option(help="Write the JSON document to this file, too.")] = None,
) -> None:
    """Measure speed and memory of a real server on this machine, and print them beside the targets.

    Without inputs the active bundle is measured, or the sample catalogue where none is active. A catalogue made for
    the bench is kept under MARQUEE_HOME/bench, so that a second run starts at once; the people are simulated.
    """
    from data_jobs.bench.run import measure
    from data_jobs.bench.sequence import Effort
    from data_jobs.bench.world import find_bundle
    from services.settings import load_settings

    settings, output = load_settings(), Output(as_json)
    if on_lambda:
        bench_lambda.refuse_engines(search, state)
    of_run = bench_engines.settings_of_run(settings, search, state)
    world = _world(films, metadata, movielens, tmdb, real_text, encoder, settings.embedder_dir)
    with output.progress() as progress:
        bundle = find_bundle(settings.marquee_home, world, progress)
        if on_lambda:
            document = bench_lambda.measured(bundle, settings.marquee_home / "bench", progress)
        else:
            document = measure(bundle, of_run, world.encoder, Effort(requests), progress)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    output.result(document, lambda_lines_of(document) if on_lambda else lines_of(document))


def _world(
    films: int | None,
    metadata: Path | None,
    movielens: Path | None,
    tmdb: Path | None,
    real_text: bool,
    encoder: EncoderChoice,
    embedder_dir: Path | None,
) -> "World":
    """What to measure. Raises Misused for odd combinations, EncoderUnavailable."""
    from data_jobs.bench.catalogues import Filling
    from data_jobs.bench.world import World

    if (films is None) != (metadata is None):
        raise Misused("--films and --metadata go together: how many films, and the file to take them from")
    if metadata is not None and not metadata.is_file():
        raise Misused(f"{metadata}: no such file")
    if real_text and encoder is EncoderChoice.NONE:
        raise Misused("--real-text needs an encoder to embed the texts with; leave out --encoder none")
    filling = Filling(films, metadata) if films is not None and metadata is not None else None
    chosen = None
    if encoder is EncoderChoice.MINILM:
        from services.adapters.embed.onnx import load_encoder

        chosen = load_encoder(embedder_dir, threads=2)
    return World(source_of(movielens, tmdb, None, None), filling, real_text, chosen)


def lines_of(document: Mapping[str, Any]) -> list[str]:
    """The document as tables for people."""
    return [
        _catalogue(document["bundle"]),
        _machine(document["machine"]),
        *bench_engines.remarks(document["engines"]),
        "",
        *_targets(document["targets"]),
        "",
        *_kinds(document["http"]),
        "",
        *_stages(document["pipeline"]),
        "",
        *_others(document["http"]),
        *bench_engines.lines_of(document),
    ]


def lambda_lines_of(document: Mapping[str, Any]) -> list[str]:
    """The document of ``--lambda`` as tables for people."""
    bundle = document["bundle"]
    return [
        f"{bundle['films']:,} films; {', '.join(bundle['sources'])}",
        _machine(document["machine"]),
        "",
        *_targets(document["targets"]),
        "",
        *bench_lambda.tables_of(document["lambda"]),
    ]


def _catalogue(bundle: Mapping[str, Any]) -> str:
    films, inside = f"{bundle['films']:,} films", f"{bundle['films_in_tables']:,} in the tables"
    return f"{films} ({inside}), vectors of {bundle['vectors']}; {', '.join(bundle['sources'])}"


def _machine(machine: Mapping[str, Any]) -> str:
    load = f"load average {_joined(machine['load_before'])} before, {_joined(machine['load_after'])} after"
    return f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}; {load}"


def _targets(verdicts: list[dict[str, Any]]) -> list[str]:
    words = {True: "met", False: "NOT met", None: "-"}
    rows = [
        (v["what"], _shown(v["measured"]), v["target"], v["unit"], v["for"], words[v["met"]]) for v in verdicts
    ]  # fmt: skip
    return table(("what", "measured", "target", "unit", "set for", "verdict"), rows)


def _kinds(http: Mapping[str, Any]) -> list[str]:
    """Milliseconds by kind of request."""
    uncached = http["uncached"]
    named = {
        "/recommend, all": uncached["recommend"],
        "whole mix": uncached["all"],
        **uncached["kinds"],
        "cached": http["cached"],
        "/health/live": http["floor"],
    }
    shown = ("p50", "p95", "p99", "cpu_p50", "cpu_p95", "wait_p50", "wait_p95")
    rows = [(name, f["n"], *(_shown(f.get(part)) for part in shown)) for name, f in named.items()]
    headings = ("n", "p50", "p95", "p99", "CPU p50", "CPU p95", "waiting p50", "waiting p95")
    return table(("request, ms over HTTP", *headings), rows)


def _stages(pipeline: Mapping[str, Any]) -> list[str]:
    """Milliseconds of the pipeline by number of events, then by stage."""
    stages = list(dict.fromkeys(stage for spent in pipeline["stages"].values() for stage in spent))
    rows = [
        (events, _shown(f["p50"]), _shown(f["p95"]), *(_shown(pipeline["stages"][events].get(s)) for s in stages))
        for events, f in pipeline["people"].items()
    ]
    return table(("pipeline alone, ms; events", "p50", "p95", *stages), rows)


def _others(http: Mapping[str, Any]) -> list[str]:
    memory, many = http["memory"], http["throughput"]
    rows = [
        ("CPU a request of the mix, ms", _shown(http["uncached"]["cpu_ms"])),
        ("CPU a cached answer, ms", _shown(http["cached"]["cpu_ms"])),
        ("cache hits while people come back", f"{http['hit_ratio']:.1%}"),
        (f"fresh answers a second, {many['connections']} connections", _shown(many["fresh"])),
        (f"cached answers a second, {many['connections']} connections", _shown(many["cached"])),
        ("start to the first healthy answer, s", _shown(http["start_s"])),
        ("first /recommend of a fresh process, ms", _shown(http["first_answer_ms"])),
        *((f"memory {when.replace('_', ' ')}, MB", _memory(found)) for when, found in memory.items()),
    ]
    return table(("other figures", ""), rows)


def _memory(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in found.items()) or "-"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _joined(values: list[float]) -> str:
    return ", ".join(map(str, values)) or "unknown"
