"""Measure how a build scales with the number of ratings: made-up data of ml-32m's shape, read, trained and bundled.

Run as ``python -m data_jobs.bench.scale 1000000 8000000 32000000``: each build runs in its own process; prints a
Markdown table and leaves nothing behind.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from data_jobs.bench.scale.ratings import FULL, DataSize, write_data

_CHILD = "data_jobs.bench.scale.training"
_TABLES = ("main table", "short-profile table")
_FACTORS = "SVD and latent factors"


class BuildCost(NamedTuple):
    """One build. ``seconds`` by part; ``steps``: CPU seconds by step; ``cpu`` seconds of all threads and processes;
    ``peak`` memory of all processes and bundle ``size`` in bytes.

    On a shared machine, ``cpu`` shows what a build costs; ``wall`` shows only how long it took.
    """

    shape: DataSize
    events: int
    seconds: dict[str, float]
    steps: dict[str, float]
    wall: float
    cpu: float
    peak: int
    size: int


def measure(shape: DataSize, folder: Path) -> BuildCost:
    """Build from made-up data of this shape in ``folder``, in a fresh process. Raises CalledProcessError."""
    data, home = folder / "data", folder / "home"
    data.mkdir(parents=True)
    write_data(shape, data)
    started = time.monotonic()
    result = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", _CHILD, str(data), str(home)], check=True, capture_output=True, text=True
    )
    wall = time.monotonic() - started
    figures = json.loads(result.stdout)
    totals = (figures[name] for name in ("cpu", "peak", "size"))
    return BuildCost(shape, figures["events"], figures["seconds"], figures["steps"], wall, *totals)


HEAD = (
    "| ratings | people | films | read, s | train, s | write, s | all, s | CPU, s | tables | factors | peak, GB | MB |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
)


def line_of(row: BuildCost) -> str:
    """Return one line of the Markdown table."""
    steps = [row.seconds.get(step, 0.0) for step in ("validate", "train", "bundle")]
    cells = [f"{row.events:,}", f"{row.shape.people:,}", f"{row.shape.films:,}", *(f"{step:.0f}" for step in steps)]
    cpu_s = [row.cpu, sum(row.steps.get(step, 0.0) for step in _TABLES), row.steps.get(_FACTORS, 0.0)]
    cells += [f"{row.wall:.0f}", *(f"{cpu:.0f}" for cpu in cpu_s), f"{row.peak / 1e9:.2f}", f"{row.size / 1e6:.0f}"]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each size in turn, and print the table as it grows."""
    parser = argparse.ArgumentParser(prog="python -m data_jobs.bench.scale", description=__doc__)
    parser.add_argument("ratings", nargs="*", type=int, default=[1_000_000, 4_000_000, 16_000_000, FULL])
    parser.add_argument("--people", type=int, help="people at every size; default: in proportion to ml-32m")
    parser.add_argument("--films", type=int, help="films at every size; default: as in MovieLens sets of that size")
    options = parser.parse_args(arguments)
    sys.stdout.writelines(f"{line}\n" for line in HEAD)
    for ratings in options.ratings:
        shape = DataSize.of(ratings)
        shape = shape._replace(people=options.people or shape.people, films=options.films or shape.films)
        with tempfile.TemporaryDirectory(prefix="marquee-scale-") as folder:
            cost = measure(shape, Path(folder))
        sys.stdout.write(f"{line_of(cost)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
