"""``marquee bench``: text tables of its JSON document."""

from collections.abc import Mapping
from typing import Any

from services.cli import bench_engines, bench_lambda
from services.cli.console import table


def lines_of(document: Mapping[str, Any]) -> list[str]:
    """Return the document as text tables."""
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
    """Return the document of ``--lambda`` as text tables."""
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
    """Return a table of milliseconds by kind of request."""
    uncached = http["uncached"]
    by_kind = {
        "/recommend, all": uncached["recommend"],
        "whole mix": uncached["all"],
        **uncached["kinds"],
        "cached": http["cached"],
        "/health/live": http["floor"],
    }
    shown = ("p50", "p95", "p99", "cpu_p50", "cpu_p95", "wait_p50", "wait_p95")
    rows = [(name, f["n"], *(_shown(f.get(part)) for part in shown)) for name, f in by_kind.items()]
    headings = ("n", "p50", "p95", "p99", "CPU p50", "CPU p95", "waiting p50", "waiting p95")
    return table(("request, ms over HTTP", *headings), rows)


def _stages(pipeline: Mapping[str, Any]) -> list[str]:
    """Return a table of the pipeline's milliseconds by number of events and stage."""
    stages = list(dict.fromkeys(stage for spent in pipeline["stages"].values() for stage in spent))
    rows = [
        (events, _shown(f["p50"]), _shown(f["p95"]), *(_shown(pipeline["stages"][events].get(s)) for s in stages))
        for events, f in pipeline["people"].items()
    ]
    return table(("pipeline alone, ms; events", "p50", "p95", *stages), rows)


def _others(http: Mapping[str, Any]) -> list[str]:
    memory, many = http["memory"], http["throughput"]
    rows = [
        ("CPU per request of the mix, ms", _shown(http["uncached"]["cpu_ms"])),
        ("CPU per cached response, ms", _shown(http["cached"]["cpu_ms"])),
        ("cache hits with returning people", f"{http['hit_ratio']:.1%}"),
        (f"uncached responses per second, {many['connections']} connections", _shown(many["fresh"])),
        (f"cached responses per second, {many['connections']} connections", _shown(many["cached"])),
        ("start to first healthy response, s", _shown(http["start_s"])),
        ("first /recommend of a fresh process, ms", _shown(http["first_answer_ms"])),
        *((f"memory {when.replace('_', ' ')}, MB", _memory(megabytes)) for when, megabytes in memory.items()),
    ]
    return table(("other figures", ""), rows)


def _memory(by_process: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in by_process.items()) or "-"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _joined(values: list[float]) -> str:
    return ", ".join(map(str, values)) or "unknown"
