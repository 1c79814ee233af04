"""Measure catalogues of several sizes, each build and each server in a process of its own. Nothing is left behind."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from data_jobs.bench.machine_facts import load, machine
from data_jobs.bench.over_http import BenchFailed
from data_jobs.report import Progress

DEFAULT_SIZES = (10_000, 62_000, 250_000, 1_000_000)
# With fewer films, the pages of the mix cannot be filled.
LEAST_FILMS = 1_000
_RELEASE, _REQUESTS = "data_jobs.bench.scale.release", "data_jobs.bench.scale.requests"
_LONGEST_OUTPUT = 500


def measure_sizes(
    sizes: Sequence[int], home: Path, *, trained: bool, encoder: bool, progress: Progress
) -> Iterator[dict[str, Any]]:
    """Yield ``{machine, trained, sizes: [figures]}`` after each size, with all sizes so far; figures are those of
    ``release`` and ``requests``, flat. Releases are made in a temporary folder below ``home``. Raises BenchFailed.
    """
    before, figures = load(), list[dict[str, Any]]()
    home.mkdir(parents=True, exist_ok=True)
    for done, films in enumerate(sizes):
        progress.advance("measuring sizes", done, len(sizes))
        with tempfile.TemporaryDirectory(prefix="scale-", dir=home) as folder:
            build_figures = _child(_RELEASE, folder, str(films), *(["train"] if trained else []))
            figures.append(build_figures | _child(_REQUESTS, folder, *([] if encoder else ["no-encoder"])))
        yield {
            "machine": machine() | {"load_before": before, "load_after": load()},
            "trained": trained,
            "sizes": list(figures),
        }
    progress.advance("measuring sizes", len(sizes), len(sizes))


def _child(module: str, *arguments: str) -> dict[str, Any]:
    """Run a module in a process of its own with one BLAS thread, and return the JSON that it prints."""
    result = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", module, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    if result.returncode:
        output = result.stderr.strip()[-_LONGEST_OUTPUT:]
        raise BenchFailed(f"{module} {' '.join(arguments)} failed ({result.returncode}): {output}")
    document: dict[str, Any] = json.loads(result.stdout)
    return document
