"""Predicates on films that conditions are made of, evaluated as masks over the catalogue."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.arrays import counted
from services.recommender.domain.catalogue import Catalogue, TraitKind
from services.recommender.domain.genres import to_mask

Mask = NDArray[np.bool_]
Rows = NDArray[np.int32]


class Films(Protocol):
    """Data that masks are computed from: columns, films by trait, films by word."""

    @property
    def catalogue(self) -> Catalogue:
        """Columns of the films."""
        ...

    def with_keywords(self, names: tuple[str, ...]) -> Rows:
        """Return the films with any of the keywords, int32[n]; unknown keywords are ignored."""
        ...

    def with_traits(self, traits: tuple[int, ...]) -> Rows:
        """Return the films with any of the traits, int32[n]."""
        ...

    def mentioning(self, words: tuple[str, ...]) -> Rows:
        """Return the films whose title, keywords or plot contain all the words, int32[n]."""
        ...

    def suitable(self) -> Mask:
        """Return the films suitable for children, bool[films]."""
        ...

    def titled(self, words: tuple[str, ...]) -> Rows:
        """Return the films whose title contains all the words, int32[n]."""
        ...


class Demand(Protocol):
    """A predicate on films."""

    def mask(self, films: Films) -> Mask:
        """Return the films that satisfy it, bool[films]."""
        ...


@dataclass(frozen=True, slots=True)
class HasFacts:
    """All given facts hold: any of ``genres`` (bit mask), a year or a runtime (minutes) within bounds, any of the
    original ``languages``. An unknown fact fails.
    """

    genres: int = 0
    year_from: int | None = None
    year_to: int | None = None
    runtime_from: int | None = None
    runtime_to: int | None = None
    languages: tuple[str, ...] = ()

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        catalogue = films.catalogue
        mask = np.ones(len(catalogue), bool)
        if self.genres:
            mask &= (catalogue.genre_bits & np.uint32(self.genres)) != 0
        if self.languages:
            codes = [code for code, name in enumerate(catalogue.languages) if name in self.languages]
            mask &= np.isin(catalogue.language_codes, codes)
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
    """Return the genres that a demand requires, as a bit mask; negated ones are ignored."""
    if isinstance(demand, HasFacts):
        return demand.genres
    bits = 0
    if isinstance(demand, AllOf | OneOf):
        for part in demand.parts:
            bits |= genres_of(part)
    return bits


def genre(*names: str) -> HasFacts:
    """Return a demand for any of the genres, by vocabulary name."""
    return HasFacts(genres=to_mask(names))


@dataclass(frozen=True, slots=True)
class Keywords:
    """Has any of the keywords."""

    names: tuple[str, ...]

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        return _of_rows(films, films.with_keywords(self.names))


@dataclass(frozen=True, slots=True)
class SharesDirector:
    """Has any of the keywords, belongs to a series of such films, or is a film of the genre by a director of at least
    ``least`` of them.
    """

    keywords: tuple[str, ...]
    genre: str
    least: int

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        traits, mask = films.catalogue.traits, InSeriesWith(Keywords(self.keywords)).mask(films)
        ids = np.concatenate([np.empty(0, np.int32), *(traits.of(row) for row in np.flatnonzero(mask).tolist())])
        directors, times = counted(ids[traits.kinds[ids] == TraitKind.DIRECTOR])
        others = AllOf((HasTrait(tuple(directors[times >= self.least].tolist())), genre(self.genre)))
        return mask | others.mask(films)


@dataclass(frozen=True, slots=True)
class HasTrait:
    """Has any of the traits: a person, a series."""

    traits: tuple[int, ...]

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        return _of_rows(films, films.with_traits(self.traits))


@dataclass(frozen=True, slots=True)
class Mentions:
    """All the words occur in the film's text."""

    words: tuple[str, ...]

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        return _of_rows(films, films.mentioning(self.words))


@dataclass(frozen=True, slots=True)
class Suitable:
    """Is suitable for children."""

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        return films.suitable()


@dataclass(frozen=True, slots=True)
class Titled:
    """All the words occur in the title."""

    words: tuple[str, ...]

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        return _of_rows(films, films.titled(self.words))


@dataclass(frozen=True, slots=True, eq=False)
class AnyFilm:
    """Is one of these films, ``rows`` int32[n]."""

    rows: Rows = field(default_factory=lambda: np.empty(0, np.int32))

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        return _of_rows(films, self.rows)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Satisfies every part."""

    parts: tuple[Demand, ...]

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        mask = np.ones(len(films.catalogue), bool)
        for part in self.parts:
            mask &= part.mask(films)
        return mask


@dataclass(frozen=True, slots=True)
class OneOf:
    """Satisfies at least one part."""

    parts: tuple[Demand, ...]

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        mask = np.zeros(len(films.catalogue), bool)
        for part in self.parts:
            mask |= part.mask(films)
        return mask


@dataclass(frozen=True, slots=True)
class InSeriesWith:
    """Satisfies the part, or belongs to a series of a film that does."""

    part: Demand

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        mask = self.part.mask(films)
        return mask | films.catalogue.of_same_series(np.flatnonzero(mask).astype(np.int32))


@dataclass(frozen=True, slots=True)
class Not:
    """Does not satisfy the part."""

    part: Demand

    def mask(self, films: Films) -> Mask:
        """Return bool[films]."""
        return ~self.part.mask(films)


def _of_rows(films: Films, rows: Rows) -> Mask:
    mask = np.zeros(len(films.catalogue), bool)
    mask[rows] = True
    return mask
