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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

FULL = 32_000_000
PEOPLE, FILMS = 200_948, 87_585
"""As in ml-32m; with fewer ratings, proportionally fewer people, and as many films as MovieLens sets of that size."""
_FILMS_GROW = 0.75
_LEAST, _SPREAD = 20, 1.1
_DRAWN = 3
_CHUNK = 5_000
"""People written per batch."""
_GENRES = ("Action", "Comedy", "Crime", "Drama", "Horror", "Romance", "Sci-Fi", "Thriller", "War", "Western")
_TASTES = 12
_CHILD = """
import json, resource, sys
from pathlib import Path
from data_jobs.build import Order, build
from data_jobs.report import Silent
from data_jobs.validate import Source
built = build(Order(Path(sys.argv[2]), Source(paths=(Path(sys.argv[1]),))), Silent())
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": built.seconds, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024,
    "size": built.size, "events": len(built.dataset.events),
}))
"""


class DataSize(NamedTuple):
    """Size of made-up data."""

    ratings: int
    people: int
    films: int

    @classmethod
    def of(cls, ratings: int) -> "DataSize":
        """Return the shape of a MovieLens set with so many ratings."""
        share = ratings / FULL
        return cls(ratings, max(1, round(PEOPLE * share)), max(50, round(FILMS * share**_FILMS_GROW)))


class Measured(NamedTuple):
    """One build. ``seconds`` by step; ``cpu`` seconds of all threads; ``peak`` memory and bundle ``size`` in bytes.

    On a shared machine, ``cpu`` shows what a build costs; ``wall`` shows only how long it took.
    """

    shape: DataSize
    events: int
    seconds: dict[str, float]
    wall: float
    cpu: float
    peak: int
    size: int


def write_data(shape: DataSize, folder: Path, seed: int = 1) -> None:
    """Write ``movies.csv`` and ``ratings.csv`` of this shape: fame falls with rank, people have tastes."""
    rng = np.random.default_rng(seed)
    genres = rng.integers(0, len(_GENRES), (shape.films, 2))
    lines = (
        f'{film},"Film {film} ({1930 + film % 90})",{_GENRES[one]}|{_GENRES[other]}\n'
        for film, (one, other) in enumerate(genres.tolist(), 1)
    )
    with (folder / "movies.csv").open("w", encoding="utf-8") as file:
        file.write("movieId,title,genres\n")
        file.writelines(lines)
    with (folder / "ratings.csv").open("wb") as file:
        file.write(b"userId,movieId,rating,timestamp\n")
        for chunk in _ratings(shape, rng):
            chunk.write_csv(file, include_header=False)


def _ratings(shape: DataSize, rng: np.random.Generator) -> Iterator[pl.DataFrame]:
    counts = rng.lognormal(0, _SPREAD, shape.people)
    least = min(_LEAST, shape.ratings // shape.people)
    counts = least + np.floor(counts * max(0, shape.ratings - least * shape.people) / counts.sum())
    counts = np.minimum(counts, shape.films // 2).astype(np.int64)
    fame = 1.0 / (np.arange(shape.films) + 20.0)
    group = rng.integers(0, _TASTES, shape.films)
    ends = [np.cumsum(fame * np.where(group == taste, 6.0, 1.0)) for taste in range(_TASTES)]
    for first in range(0, shape.people, _CHUNK):
        people_counts = counts[first : first + _CHUNK]
        # Some draws hit a film twice, so more are drawn than kept.
        drawn = people_counts * _DRAWN
        users = np.repeat(np.arange(first + 1, first + 1 + len(people_counts)), drawn)
        tastes = np.repeat(rng.integers(0, _TASTES, len(people_counts)), drawn)
        wanted_count = np.repeat(people_counts, drawn)
        films = np.empty(len(users), np.int64)
        for taste, end in enumerate(ends):
            at = np.flatnonzero(tastes == taste)
            films[at] = np.searchsorted(end, rng.random(len(at)) * end[-1])
        stars = np.clip(np.rint(rng.normal(3.4 + 0.4 * (group[films] == tastes), 1.0) * 2) / 2, 0.5, 5.0)
        times = rng.integers(850_000_000, 1_700_000_000, len(users))
        rows = pl.DataFrame({"user": users, "film": films + 1, "stars": stars, "ts": times, "wanted": wanted_count})
        once = rows.unique(["user", "film"], keep="first", maintain_order=True)
        yield once.filter(pl.col("film").cum_count().over("user") <= pl.col("wanted")).drop("wanted")


def measure(shape: DataSize, folder: Path) -> Measured:
    """Build from made-up data of this shape in ``folder``, in a fresh process. Raises CalledProcessError."""
    data, home = folder / "data", folder / "home"
    data.mkdir(parents=True)
    write_data(shape, data)
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _CHILD, str(data), str(home)], check=True, capture_output=True, text=True
    )
    wall = time.monotonic() - started
    figures = json.loads(done.stdout)
    of_child = (figures[name] for name in ("cpu", "peak", "size"))
    return Measured(shape, figures["events"], figures["seconds"], wall, *of_child)


HEAD = (
    "| ratings | people | films | read, s | train, s | bundle, s | all, s | CPU, s | memory, GB | bundle, MB |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
)


def line_of(row: Measured) -> str:
    """Return one line of the Markdown table."""
    steps = [row.seconds.get(step, 0.0) for step in ("validate", "train", "bundle")]
    cells = [f"{row.events:,}", f"{row.shape.people:,}", f"{row.shape.films:,}", *(f"{step:.0f}" for step in steps)]
    cells += [f"{row.wall:.0f}", f"{row.cpu:.0f}", f"{row.peak / 1e9:.1f}", f"{row.size / 1e6:.0f}"]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each size in turn, and print the table as it grows."""
    parser = argparse.ArgumentParser(prog="python -m data_jobs.bench.scale", description=__doc__)
    parser.add_argument("ratings", nargs="*", type=int, default=[1_000_000, 4_000_000, 16_000_000, FULL])
    sizes = parser.parse_args(arguments).ratings
    sys.stdout.writelines(f"{line}\n" for line in HEAD)
    for ratings in sizes:
        with tempfile.TemporaryDirectory(prefix="marquee-scale-") as folder:
            measured = measure(DataSize.of(ratings), Path(folder))
        sys.stdout.write(f"{line_of(measured)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
