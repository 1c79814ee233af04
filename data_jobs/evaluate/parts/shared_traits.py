"""Traits that films share, by kind: director, genre, language, decade, series."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data_jobs.evaluate.series import series
from data_jobs.records import Film
from services.recommender.domain.catalogue import Catalogue

NICHE = 0.15
"""A trait of more than this share of all likes does not distinguish tastes: drama, English, the 1990s."""
NO_TASTE = frozenset({"IMAX", "TV Movie"})
"""Genres of MovieLens and TMDB that describe how a film is shown, not what it is."""


@dataclass(frozen=True, eq=False)
class SharedTraits:
    """The traits of one kind. ``of_film``: names of each film's traits, by row."""

    kind: str
    of_film: Sequence[tuple[str, ...]]

    @cached_property
    def films(self) -> dict[str, NDArray[np.int32]]:
        """Return trait -> rows of the films that have it."""
        rows_by_name = defaultdict(list)
        for row, names in enumerate(self.of_film):
            for name in names:
                rows_by_name[name].append(row)
        return {name: np.array(rows, np.int32) for name, rows in rows_by_name.items()}

    def niche(self, likes: NDArray[np.int64]) -> frozenset[str]:
        """Return the traits of at most ``NICHE`` of all likes; ``likes`` int64[films]: number of likes of each film."""
        limit = NICHE * int(likes.sum())
        return frozenset(name for name, rows in self.films.items() if int(likes[rows].sum()) <= limit)

    def among(self, rows: NDArray[np.int32]) -> dict[str, NDArray[np.int32]]:
        """Return trait -> those of ``rows`` that have it, by name."""
        rows_by_name = defaultdict(list)
        for row in rows.tolist():
            for name in self.of_film[row]:
                rows_by_name[name].append(row)
        return {name: np.array(named_rows, np.int32) for name, named_rows in sorted(rows_by_name.items())}


def shared_traits(films: Sequence[Film], catalogue: Catalogue) -> tuple[SharedTraits, ...]:
    """Return all five kinds. ``films`` in row order."""
    in_series: list[tuple[str, ...]] = [()] * len(films)
    for rows in series(catalogue):
        for row in rows:
            in_series[row] = (catalogue.titles[rows[0]],)
    return (
        SharedTraits("director", [tuple(dict.fromkeys(film.directors)) for film in films]),
        SharedTraits("genre", [tuple(name for name in film.genres if name not in NO_TASTE) for film in films]),
        SharedTraits("language", [(film.language,) if film.language else () for film in films]),
        SharedTraits("decade", [(f"{film.year // 10 * 10}s",) if film.year else () for film in films]),
        SharedTraits("series", in_series),
    )
