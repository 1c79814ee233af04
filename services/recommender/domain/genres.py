"""Genre vocabulary with aliases, shared by MovieLens, TMDB and other sources.

A film's genres are a bit mask over :data:`GENRES` (uint32), so a filter is a single ``&`` over a column.
"""

from collections.abc import Iterable
from functools import lru_cache

GENRES: tuple[str, ...] = (
    "Action",
    "Adventure",
    "Animation",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Family",
    "Fantasy",
    "Film-Noir",
    "History",
    "Horror",
    "IMAX",
    "Music",
    "Musical",
    "Mystery",
    "Romance",
    "Science Fiction",
    "Thriller",
    "TV Movie",
    "War",
    "Western",
)

# Labels that MovieLens and TMDB list as genres: usable as filters, but meaningless for taste.
NO_GENRES = frozenset({"IMAX", "TV Movie"})

_ALIASES = {
    "sci-fi": "Science Fiction",
    "scifi": "Science Fiction",
    "sf": "Science Fiction",
    "children": "Family",
    "children's": "Family",
    "kids": "Family",
    "film noir": "Film-Noir",
    "noir": "Film-Noir",
    "documentaries": "Documentary",
    "historical": "History",
    "romantic": "Romance",
    "suspense": "Thriller",
    "animated": "Animation",
    "tv-movie": "TV Movie",
    "musicals": "Musical",
}

_BY_NAME = {name.lower(): name for name in GENRES} | _ALIASES
_BIT = {name: 1 << position for position, name in enumerate(GENRES)}


def canonical(name: str) -> str | None:
    """Return the vocabulary's spelling of a genre or alias, case-insensitive; None if unknown."""
    return _BY_NAME.get(name.strip().lower())


def to_mask(names: Iterable[str]) -> int:
    """Return the bit mask of canonical genre names. Raises KeyError for a name outside the vocabulary."""
    mask = 0
    for name in names:
        mask |= _BIT[name]
    return mask


@lru_cache(maxsize=4_096)
def from_mask(mask: int) -> tuple[str, ...]:
    """Return the genre names of a bit mask, in the vocabulary's order."""
    return tuple(name for position, name in enumerate(GENRES) if mask >> position & 1)
