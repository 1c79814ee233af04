"""``marquee bench --scale``: how cost grows with the films, as tables and curves."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.console import Output, table
from services.cli.verb_errors import Misused

if TYPE_CHECKING:
    from services.settings import Settings

CURVES = "scale.svg"


def run(
    sizes: Sequence[int], settings: "Settings", output: Output, *, trained: bool, encoder: bool, out: Path | None
) -> None:
    """Measure these numbers of films, print the tables and write the curves; ``out``: also the document, next to them.
    Files are written after each size, so that a failure at a later one does not cost the figures of hours.

    Raises Misused for a size that cannot be measured, BenchFailed.
    """
    from data_jobs.bench.scale.curves import curves
    from data_jobs.bench.scale.sizes import DEFAULT_SIZES, LEAST_FILMS, measure_sizes

    films = tuple(sizes) or DEFAULT_SIZES
    if min(films) < LEAST_FILMS:
        raise Misused(f"--scale {min(films)}: expected numbers of films, at least {LEAST_FILMS:,}")
    home = settings.marquee_home / "bench"
    svg = home / CURVES if out is None else out.with_suffix(".svg")
    svg.parent.mkdir(parents=True, exist_ok=True)
    with output.progress() as progress:
        for document in measure_sizes(films, home, trained=trained, encoder=encoder, progress=progress):
            svg.write_text(curves(document), encoding="utf-8")
            if out is not None:
                out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    output.say(f"curves: {svg}")
    output.result(document, lines_of(document))


def lines_of(document: Mapping[str, Any]) -> list[str]:
    """Return the document as text tables."""
    sizes = document["sizes"]
    tables = "trained" if document["trained"] else "random, in the shape of trained ones"
    return [
        f"{document['machine']['cpu']}, {document['machine']['cores']} cores; tables {tables}",
        "",
        *_table("CPU per request, ms", sizes, lambda each: each["cpu_ms"]),
        "",
        *_table("CPU of the build, s", sizes, lambda each: each["cpu"]),
        "",
        *_table("size and exactness", sizes, _others),
    ]


def _others(size: Mapping[str, Any]) -> dict[str, Any]:
    figures = {
        "ratings": size["ratings"],
        "bundle, MB": size["bundle_mb"],
        "server, MB": size["memory_mb"],
        "build, MB": size["peak_mb"],
        "start, s": size["start_s"],
        "150 nearest found": size.get("found"),
    }
    return figures | {f"same page, {kind}": share for kind, share in size.get("same_page", {}).items()}


def _table(heading: str, sizes: Sequence[Mapping[str, Any]], figures_of: Any) -> list[str]:  # noqa: ANN401
    """Return a line for each figure and a column for each size."""
    columns = [figures_of(size) for size in sizes]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [(name, *(_shown(column.get(name)) for column in columns)) for name in names]
    return table((heading, *(f"{size['films']:,} films" for size in sizes)), rows)


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
