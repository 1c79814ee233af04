"""``marquee bench --lambda``: measure the function under Lambda's emulator."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.bench_engines import EngineChoice, StateChoice
from services.cli.console import table
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from data_jobs.report import Progress

_NAMES = {"hello": "FastAPI + Mangum hello", "embedded": "Marquee, embedded", "aws": "Marquee, AWS clients"}


def refuse_engines(search: EngineChoice, state: StateChoice) -> None:
    """Raise Misused if engines were chosen: ``--lambda`` measures both variants itself."""
    if search is not EngineChoice.EMBEDDED or state is not StateChoice.SQLITE:
        raise Misused("--lambda measures both embedded and AWS clients; remove --search and --state")


def measured(bundle: Path, home: Path, progress: "Progress") -> dict[str, Any]:
    """Return the figures. Raises Unavailable, LoopFailed, BundleError."""
    from data_jobs.bench.lambda_loop import LambdaEffort, measure_lambda

    return measure_lambda(bundle, home, LambdaEffort(), progress)


def tables_of(figures: Mapping[str, Any]) -> list[str]:
    """Return tables of cold starts by function, warm requests, and sizes by layer."""
    first = [
        (_NAMES[name], f["n"], f["p50"], f["min"], f["max"], f["very_first"]) for name, f in figures["first"].items()
    ]
    warm = [
        (_NAMES[name], figures[place]["n"], *(f"{figures[place][part]:.2f}" for part in ("p50", "p95", "p99")))
        for name, place in (("hello", "warm_hello"), ("embedded", "warm"))
    ]
    return [
        *table(("first response of a fresh process, ms", "n", "p50", "min", "max", "the very first"), first),
        "",
        *table(("warm, ms through the emulator", "n", "p50", "p95", "p99"), warm),
        "",
        *table(("layer", "MB unpacked"), list(figures["size_mb"].items())),
    ]
