"""Statements about films, read from a table and evaluated as a mask over a catalogue.

``{any_genre = ["Western"], year_to = 1975}`` is a western of 1975 or before: all facts of a table must hold. ``any``,
``all`` (lists of tables) and ``not`` (a table) combine statements; ``is`` refers to named statements. A fact that the
catalogue does not have is false.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np

from data_jobs.evaluate.panel.facts import FactColumns, Mask, holding, is_film, plain
from data_jobs.readers.text import fold
from services.recommender.domain.genres import canonical, to_mask
from services.recommender.errors import MarqueeError

Words: TypeAlias = tuple[str, ...]


class PanelError(MarqueeError):
    """An invalid entry of the panel; the message names file, entry and what was expected."""


class Predicate(Protocol):
    """A statement about a film."""

    def mask(self, facts: FactColumns) -> Mask:
        """Return the films for which it is true, bool[films]."""
        ...


Named: TypeAlias = Mapping[str, Predicate]
NO_NAMES: Named = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OfWords:
    """A fact with names or words, e.g. ``director``."""

    fact: str
    words: Words

    def mask(self, facts: FactColumns) -> Mask:
        """See :class:`Predicate`."""
        return _WORDS[self.fact](facts, self.words)


@dataclass(frozen=True, slots=True)
class OfNumber:
    """An inclusive bound, e.g. ``year_from``."""

    fact: str
    bound: int

    def mask(self, facts: FactColumns) -> Mask:
        """See :class:`Predicate`."""
        return _NUMBERS[self.fact](facts, self.bound)


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Predicate, ...]

    def mask(self, facts: FactColumns) -> Mask:
        """See :class:`Predicate`."""
        return np.asarray(np.all([part.mask(facts) for part in self.parts], axis=0), bool)


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Predicate, ...]

    def mask(self, facts: FactColumns) -> Mask:
        """See :class:`Predicate`."""
        return np.asarray(np.any([part.mask(facts) for part in self.parts], axis=0), bool)


@dataclass(frozen=True, slots=True)
class NoneOf:
    """The part does not hold."""

    part: Predicate

    def mask(self, facts: FactColumns) -> Mask:
        """See :class:`Predicate`."""
        return ~self.part.mask(facts)


def parse(table: Any, named: Named = NO_NAMES) -> Predicate:  # noqa: ANN401 (any TOML value)
    """Return the statement of a table. Raises PanelError, without the names of file and entry."""
    if not isinstance(table, Mapping) or not table:
        raise PanelError(f"expected a table of facts, found {table!r}")
    parts = tuple(_part(key, value, named) for key, value in table.items())
    return parts[0] if len(parts) == 1 else Every(parts)


def _part(key: str, value: Any, named: Named) -> Predicate:  # noqa: ANN401
    if key == "not":
        return NoneOf(parse(value, named))
    if key in ("any", "all"):
        if not isinstance(value, list) or not value:
            raise PanelError(f"{key}: expected a list of tables, found {value!r}")
        parts = tuple(parse(each, named) for each in value)
        return Some(parts) if key == "any" else Every(parts)
    if key == "is":
        return _named(_words(key, value), named)
    if key in _NUMBERS:
        if not isinstance(value, int) or isinstance(value, bool):
            raise PanelError(f"{key}: expected a whole number, found {value!r}")
        return OfNumber(key, value)
    if key in _WORDS:
        return OfWords(key, _words(key, value))
    raise PanelError(
        f"{key}: unknown fact; known are {', '.join(sorted((*_WORDS, *_NUMBERS, 'any', 'all', 'not', 'is')))}"
    )


def _named(names: Words, named: Named) -> Predicate:
    """Return the statement that at least one of the named statements holds."""
    if unknown := [name for name in names if name not in named]:
        raise PanelError(f"is: no statement is named {', '.join(unknown)}; known are {', '.join(sorted(named))}")
    return named[names[0]] if len(names) == 1 else Some(tuple(named[name] for name in names))


def _words(key: str, value: Any) -> Words:  # noqa: ANN401
    words = (value,) if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not words or not all(isinstance(each, str) and each for each in words):
        raise PanelError(f"{key}: expected a word or a list of words, found {value!r}")
    if key == "films" and not all(map(is_film, words)):
        raise PanelError(f'{key}: expected "Title (year)", found {next(each for each in words if not is_film(each))!r}')
    if not key.endswith(_GENRES):
        return tuple(words)
    names = [canonical(word) for word in words]
    if None in names:
        raise PanelError(f"{key}: unknown genre {words[names.index(None)]!r}")
    return tuple(name for name in names if name is not None)


def _phrases(words: Words) -> list[str]:
    """Return the search strings of whole words; "zombie*" is a prefix."""
    return [f" {fold(each)}" + ("" if each.endswith("*") else " ") for each in words]


def _entries(words: Words) -> list[str]:
    return [f"| {fold(each)} |" for each in words]


def _films(facts: FactColumns, words: Words) -> Mask:
    mask = np.zeros(len(facts), bool)
    mask[facts.rows_of(words)] = True
    return mask


def _all_genres(facts: FactColumns, words: Words) -> Mask:
    bits = np.uint32(to_mask(words))
    return np.asarray((facts.genre_bits & bits) == bits)


def _any_genre(facts: FactColumns, words: Words) -> Mask:
    return np.asarray((facts.genre_bits & np.uint32(to_mask(words))) != 0)


_GENRES = ("genre", "genres")
_WORDS: dict[str, Callable[[FactColumns, Words], Mask]] = {
    "any_genre": _any_genre,
    "all_genres": _all_genres,
    "not_genres": lambda facts, words: ~_any_genre(facts, words),
    "language": lambda facts, words: np.isin(facts.languages, words),
    "director": lambda facts, words: holding(facts.directors, _entries(words)),
    "cast": lambda facts, words: holding(facts.cast, _entries(words)),
    "keyword": lambda facts, words: holding(facts.keywords, _phrases(words)),
    "about": lambda facts, words: holding(facts.texts, _phrases(words)),
    "title_has": lambda facts, words: holding(facts.titles, [f" {plain(each)} " for each in words]),
    "series": lambda facts, words: holding(facts.titles, [f"| {plain(each)} " for each in words]),
    "films": _films,
}
_NUMBERS: dict[str, Callable[[FactColumns, int], Mask]] = {
    "year_from": lambda facts, bound: (facts.years > 0) & (facts.years >= bound),
    "year_to": lambda facts, bound: (facts.years > 0) & (facts.years <= bound),
    "runtime_from": lambda facts, bound: (facts.runtimes > 0) & (facts.runtimes >= bound),
    "runtime_to": lambda facts, bound: (facts.runtimes > 0) & (facts.runtimes <= bound),
}
