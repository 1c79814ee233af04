"""The readers' output: films as objects, people's events as columns.

Films are few enough to be objects; 25 million events are not, so they are five NumPy columns (21 bytes per event).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Film:
    """One film, cleaned: no damaged characters, only genres of the vocabulary, lists without duplicates."""

    item_id: str
    title: str
    """For display, without the year: "The Matrix"."""
    year: int | None = None
    genres: tuple[str, ...] = ()
    """Names of ``services.recommender.domain.genres.GENRES``."""
    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    overview: str = ""
    tagline: str = ""
    runtime: int | None = None
    """Minutes."""
    language: str | None = None
    """The original language, as TMDB writes it: "en", "fr", "cn"."""
    tmdb_id: int | None = None
    imdb_id: str | None = None
    """With its prefix: "tt0113277"."""
    vote_average: float | None = None
    """0 to 10."""
    vote_count: int | None = None
    popularity: float | None = None
    """TMDB's figure or another that grows with fame, in the source's unit."""
    poster_path: str | None = None
    """TMDB's path ("/x.jpg") or an https address."""
    tags: tuple[str, ...] = ()
    """People's tags in lower case, most frequent first, at most ten."""
    aka: tuple[str, ...] = ()
    """Other titles of the same film: original, translated, alternative."""
    certification: str | None = None
    """Its age rating as written by the country's board: "PG-13", "12A", "16"."""
    series: str | None = None
    """The series it belongs to, if the source names it: "Alien"."""
    other_ids: tuple[str, ...] = ()
    """Further item ids of the same film in the source, which lead to this one."""


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """People's events, sorted by person and then time; for each person and film only the decisive one."""

    user_ids: tuple[str, ...]
    user: NDArray[np.int32]
    """[n] codes into ``user_ids``."""
    film: NDArray[np.int32]
    """[n] rows of the film list they were read with."""
    kind: NDArray[np.uint8]
    """[n] codes of ``services.recommender.domain.history.EventKind``."""
    value: NDArray[np.float32]
    """[n] stars for a rating, else 1."""
    ts_ms: NDArray[np.int64]
    """[n] milliseconds since 1970-01-01 UTC."""

    def __post_init__(self) -> None:
        lengths = {len(self.user), len(self.film), len(self.kind), len(self.value), len(self.ts_ms)}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.user)

    @classmethod
    def empty(cls) -> Self:
        """Return no people and no events: for a catalogue alone."""
        return cls(
            (),
            np.zeros(0, np.int32),
            np.zeros(0, np.int32),
            np.zeros(0, np.uint8),
            np.zeros(0, np.float32),
            np.zeros(0, np.int64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Everything a build starts from. ``sources`` names the files (without folders) it was read from."""

    films: tuple[Film, ...]
    events: Events
    sources: tuple[str, ...]
