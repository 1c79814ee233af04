"""What a condition asks of a film, as a mask over the catalogue."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import Catalogue
from services.recommender.domain.genres import to_mask

Mask = NDArray[np.bool_]
Rows = NDArray[np.int32]


class Films(Protocol):
    """What masks are made from: columns, the films of a trait, the films whose text has a word."""

    @property
    def catalogue(self) -> Catalogue:
        """The columns."""
        ...

    def with_keywords(self, names: tuple[str, ...]) -> Rows:
        """The films with any of some keywords, int32[n]; a name that no film has is passed over."""
        ...

    def with_traits(self, traits: tuple[int, ...]) -> Rows:
        """The films with any of some traits, int32[n]."""
        ...

    def mentioning(self, words: tuple[str, ...]) -> Rows:
        """The films whose title, keywords or plot have all of some words, int32[n]."""
        ...

    def titled(self, words: tuple[str, ...]) -> Rows:
        """The films whose title has all of some words, int32[n]."""
        ...


class Demand(Protocol):
    """A statement about films."""

    def mask(self, films: Films) -> Mask:
        """The films of which it is true, bool[films]."""
        ...


@dataclass(frozen=True, slots=True)
class Facts:
    """All given facts hold: any of ``genres`` (bit mask), a year or a runtime (minutes) within bounds, any of the
    original ``languages``, suitable from ``age`` on or before. An unknown fact fails, an unknown age only where the
    film must be ``rated``.
    """

    genres: int = 0
    year_from: int | None = None
    year_to: int | None = None
    runtime_from: int | None = None
    runtime_to: int | None = None
    languages: tuple[str, ...] = ()
    age: int | None = None
    rated: bool = False

    def mask(self, films: Films) -> Mask:
        """bool[films]."""
        catalogue = films.catalogue
        mask = np.ones(len(catalogue), bool)
        if self.genres:
            mask &= (catalogue.genre_bits & np.uint32(self.genres)) != 0
        if self.languages:
            codes = [code for code, name in enumerate(catalogue.languages) if name in self.languages]
            mask &= np.isin(catalogue.language_codes, codes)
        if self.age is not None:
            mask &= (catalogue.ages <= self.age) & (catalogue.ages >= (0 if self.rated else -1))
        _within(mask, catalogue.years, self.year_from, self.year_to)
        _within(mask, catalogue.runtimes, self.runtime_from, self.runtime_to)
        return mask


def _within(mask: Mask, values: NDArray[np.int16], lowest: int | None, highest: int | None) -> None:
    if lowest is None and highest is None:
        return
    mask &= values > 0
    if lowest is not None:
        mask &= values >= lowest
    if highest is not None:
        mask &= values <= highest


def genres_of(demand: "Demand") -> int:
    """The genres that a demand names, as a bit mask; what must not be is left out."""
    if isinstance(demand, Facts):
        return demand.genres
    found = 0
    if isinstance(demand, AllOf | OneOf):
        for part in demand.parts:
            found |= genres_of(part)
    return found


def genre(*names: str) -> Facts:
    """Any of some genres, by their names in the vocabulary."""
    return Facts(genres=to_mask(names))


@dataclass(frozen=True, slots=True)
class Keywords:
    """A keyword of these."""

    names: tuple[str, ...]

    def mask(self, films: Films) -> Mask:
        """bool[films]."""
        return _of_rows(films, films.with_keywords(self.names))


@dataclass(frozen=True, slots=True)
class HasTrait:
    """A trait of these: a person, a series."""

    traits: tuple[int, ...]

    def mask(self, films: Films) -> Mask:
        """bool[films]."""
        return _of_rows(films, films.with_traits(self.traits))


@dataclass(frozen=True, slots=True)
class Mentions:
    """Words that stand in the film's text, all of them."""

    words: tuple[str, ...]

    def mask(self, films: Films) -> Mask:
        """bool[films]."""
        return _of_rows(films, films.mentioning(self.words))


@dataclass(frozen=True, slots=True)
class Titled:
    """Words that stand in the title, all of them."""

    words: tuple[str, ...]

    def mask(self, films: Films) -> Mask:
        """bool[films]."""
        return _of_rows(films, films.titled(self.words))


@dataclass(frozen=True, slots=True, eq=False)
class AnyFilm:
    """One of these films, ``rows`` int32[n]."""

    rows: Rows = field(default_factory=lambda: np.empty(0, np.int32))

    def mask(self, films: Films) -> Mask:
        """bool[films]."""
        return _of_rows(films, self.rows)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Demand, ...]

    def mask(self, films: Films) -> Mask:
        """bool[films]."""
        mask = np.ones(len(films.catalogue), bool)
        for part in self.parts:
            mask &= part.mask(films)
        return mask


@dataclass(frozen=True, slots=True)
class OneOf:
    """A part holds, or more."""

    parts: tuple[Demand, ...]

    def mask(self, films: Films) -> Mask:
        """bool[films]."""
        mask = np.zeros(len(films.catalogue), bool)
        for part in self.parts:
            mask |= part.mask(films)
        return mask


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Demand

    def mask(self, films: Films) -> Mask:
        """bool[films]."""
        return ~self.part.mask(films)


def _of_rows(films: Films, rows: Rows) -> Mask:
    mask = np.zeros(len(films.catalogue), bool)
    mask[rows] = True
    return mask
