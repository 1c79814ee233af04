"""Made-up films and ratings in the shape of ml-32m: fame falls with rank, and people have tastes."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

FULL = 32_000_000
PEOPLE, FILMS = 200_948, 87_585
"""As in ml-32m; with fewer ratings, proportionally fewer people, and as many films as MovieLens sets of that size."""
_FILMS_GROW = 0.75
_LEAST, _SPREAD = 20, 1.1
_OVERSAMPLING = 3
_CHUNK = 5_000
"""People written per batch."""
_GENRES = ("Action", "Comedy", "Crime", "Drama", "Horror", "Romance", "Sci-Fi", "Thriller", "War", "Western")
_TASTES = 12


class DataSize(NamedTuple):
    """Size of made-up data."""

    ratings: int
    people: int
    films: int

    @classmethod
    def of(cls, ratings: int) -> "DataSize":
        """Return the shape of a MovieLens set with this many ratings."""
        share = ratings / FULL
        return cls(ratings, max(1, round(PEOPLE * share)), max(50, round(FILMS * share**_FILMS_GROW)))


def write_data(shape: DataSize, folder: Path, seed: int = 1) -> None:
    """Write ``movies.csv`` and ``ratings.csv`` of this shape: fame falls with rank, people have tastes."""
    rng = np.random.default_rng(seed)
    genres = rng.integers(0, len(_GENRES), (shape.films, 2))
    lines = (
        f'{film},"Film {film} ({1930 + film % 90})",{_GENRES[first]}|{_GENRES[second]}\n'
        for film, (first, second) in enumerate(genres.tolist(), 1)
    )
    with (folder / "movies.csv").open("w", encoding="utf-8") as file:
        file.write("movieId,title,genres\n")
        file.writelines(lines)
    with (folder / "ratings.csv").open("wb") as file:
        file.write(b"userId,movieId,rating,timestamp\n")
        for chunk in made_up_ratings(shape, rng):
            chunk.write_csv(file, include_header=False)


def made_up_ratings(shape: DataSize, rng: np.random.Generator) -> Iterator[pl.DataFrame]:
    """Yield ``user``, ``film`` (both from 1 on; film 1 is the best known), ``stars`` and ``ts`` in seconds, person by
    person.
    """
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
        draws = people_counts * _OVERSAMPLING
        users = np.repeat(np.arange(first + 1, first + 1 + len(people_counts)), draws)
        tastes = np.repeat(rng.integers(0, _TASTES, len(people_counts)), draws)
        target_counts = np.repeat(people_counts, draws)
        films = np.empty(len(users), np.int64)
        for taste, end in enumerate(ends):
            at = np.flatnonzero(tastes == taste)
            films[at] = np.searchsorted(end, rng.random(len(at)) * end[-1])
        stars = np.clip(np.rint(rng.normal(3.4 + 0.4 * (group[films] == tastes), 1.0) * 2) / 2, 0.5, 5.0)
        times = rng.integers(850_000_000, 1_700_000_000, len(users))
        rows = pl.DataFrame({"user": users, "film": films + 1, "stars": stars, "ts": times, "count": target_counts})
        once = rows.unique(["user", "film"], keep="first", maintain_order=True)
        yield once.filter(pl.col("film").cum_count().over("user") <= pl.col("count")).drop("count")
