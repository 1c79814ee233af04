"""Film search by typed text: exact titles first, then titles beginning with it, alternative titles, people, typing
errors.

A year next to the name, in brackets or not, is a hint: it orders films of that name and excludes none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import FOREIGN_ID, Catalogue
from services.recommender.names.folding import ARTICLES, bare, natural, numbered, spellings
from services.recommender.names.names import NameKind, Names, Place
from services.recommender.names.typos import (
    LONGEST,
    LONGEST_TYPED,
    SHORT_NAME,
    errors_allowed,
    errors_inside,
    grams_of,
    letters_of,
)

Rows = NDArray[np.int32]
MAX_WORDS = 24
# Minimum letters to search for people; maximum number of names compared letter by letter.
SHORTEST_PERSON = 3
COMPARED = 48
SHORTEST_PART = 5
"""Minimum letters to match a part of a name with an error in it."""
_FIRST_YEAR, _LAST_YEAR = 1870, 2100
_CENTURIES = ("18", "19", "20")


class Tier(IntEnum):
    """Quality of a match; films of one tier are ordered by popularity."""

    TITLE = 0
    TITLE_BUT_ARTICLE = 1
    OTHER_TITLE = 2
    NAME_OF_NEXT_YEAR = 3
    PERSON = 4
    BEGINS_IN_YEAR = 5
    BEGINS = 6
    NAME_OF_OTHER_YEAR = 7
    SURNAME = 8
    INSIDE = 9
    PERSON_BEGUN = 10
    APART = 11
    ONE_ERROR = 12
    TWO_ERRORS = 14
    NONE = 99


class NameReading(NamedTuple):
    """``words`` of a name, and the year next to it: ``year_from`` to ``year_to``; 0 without one."""

    words: list[str]
    year_from: int = 0
    year_to: int = 0


@dataclass(frozen=True, eq=False)
class Finder:
    """``names`` of ``catalogue``; ``popularity`` float32[films] orders equal matches."""

    names: Names
    catalogue: Catalogue
    popularity: NDArray[np.float32] = field(repr=False)

    def find(self, text: str, limit: int) -> Rows:
        """Return the best ``limit`` films for the typed text, best first: int32[n]."""
        if FOREIGN_ID.fullmatch(text.strip()):
            by_id = self.catalogue.rows_of([text.strip()])
            return by_id[by_id >= 0][:limit]
        best = np.full(len(self.catalogue), Tier.NONE, np.int8)
        readings = readings_of(text)
        for reading in readings:
            self._by_name(reading, best)
        rows = np.flatnonzero(best < Tier.NONE)
        if readings and len(rows) < limit and best.min(initial=Tier.NONE) > Tier.NAME_OF_NEXT_YEAR:
            self._apart(readings[-1], best)
            if not np.any(best < Tier.NONE) or best.min() >= Tier.APART:
                self._with_errors(readings[-1], best)
            rows = np.flatnonzero(best < Tier.NONE)
        order = best[rows].astype(np.int64) * len(best) + self.rank[rows]
        if len(order) > limit:
            first = np.argpartition(order, limit)[:limit]
            rows, order = rows[first], order[first]
        return rows[np.argsort(order)].astype(np.int32)

    @cached_property
    def rank(self) -> NDArray[np.int32]:
        """Popularity rank of each film, int32[films], 0 the best known: by popularity, then votes, then row."""
        order = np.lexsort((-self.catalogue.votes.astype(np.int64), -self.popularity))
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return rank

    def _by_name(self, reading: NameReading, best: NDArray[np.int8]) -> None:
        """Find films with exactly this name, and those with a name that begins with it or contains its words."""
        words = natural(reading.words)
        self._keyed(reading, words, best)
        for form in dict.fromkeys((tuple(words), tuple(reading.words))):
            self._begun(reading, form, best)
        if words[0] in ARTICLES and len(words) > 1:
            self._begun(reading, words[1:], best, people=False)

    def _keyed(self, reading: NameReading, words: list[str], best: NDArray[np.int8]) -> None:
        """Find films with this whole name, with small numbers as digits or words; people are left to ``_begun``."""
        for form in (words, *numbered(words)):
            names = self.names.keyed(form)
            names = names[self.names.kinds[names] != NameKind.PERSON]
            if not len(names):
                continue
            rows, owner = self.names.films_of(names)
            is_exact = [self.names.squeezed(at) == "".join(words) for at in names.tolist()]
            tiers = np.where(is_exact, Tier.TITLE, Tier.TITLE_BUT_ARTICLE)
            is_title = (self.names.kinds[names] == NameKind.TITLE) & (form is words)
            _lower(best, rows, self._in_year(reading, rows, np.where(is_title, tiers, Tier.OTHER_TITLE)[owner]))

    def _begun(
        self, reading: NameReading, words: Sequence[str], best: NDArray[np.int8], *, people: bool = True
    ) -> None:
        """Find films with a name that begins with the words or contains them, the last word as a prefix. ``people``:
        include the names of people.
        """
        begun = self.names.beginning(words)
        titles = self.names.kinds[begun.names] != NameKind.PERSON
        tiers = np.where(begun.places == Place.INSIDE, Tier.INSIDE, Tier.BEGINS)
        if people and sum(map(len, words)) >= SHORTEST_PERSON:
            whole_names = np.where(begun.places == Place.FIRST, Tier.PERSON, Tier.SURNAME)
            begins = Tier.NONE if reading.year_from else Tier.PERSON_BEGUN
            tiers = np.where(titles, tiers, np.where(begun.whole, whole_names, begins))
        else:
            tiers = np.where(titles, tiers, Tier.NONE)
        chosen = np.flatnonzero(tiers < Tier.NONE)
        rows, owner = self.names.films_of(begun.names[chosen])
        _lower(best, rows, self._in_year(reading, rows, tiers[chosen][owner]))

    def _in_year(self, reading: NameReading, rows: Rows, tiers: NDArray[np.integer]) -> NDArray[np.integer]:
        """Adjust the tiers for the typed year: a name of that year keeps its tier, one of another year falls, and names
        that only contain the words are dropped.
        """
        if not reading.year_from:
            return tiers
        years = self.catalogue.years[rows]
        inside = (years >= reading.year_from) & (years <= reading.year_to)
        near = (years >= reading.year_from - 1) & (years <= reading.year_to + 1)
        of_year = np.where((tiers == Tier.BEGINS) | (tiers == Tier.INSIDE), Tier.BEGINS_IN_YEAR, tiers)
        beyond = np.where(near, Tier.NAME_OF_NEXT_YEAR, Tier.NAME_OF_OTHER_YEAR)
        others = np.where(tiers == Tier.BEGINS, Tier.APART, np.where(tiers >= Tier.ONE_ERROR, tiers + 1, Tier.NONE))
        return np.where(inside, of_year, np.where(tiers <= Tier.OTHER_TITLE, beyond, others))

    def _apart(self, reading: NameReading, best: NDArray[np.int8]) -> None:
        """Find films whose names together contain words beginning with each typed word: "nolan dream"."""
        words = bare(reading.words)
        if len(words) < 2:
            return
        holds_all = np.ones(len(best), bool)
        # Long words first: if one matches nothing, the others need not be looked up.
        for word in sorted(words, key=len, reverse=True):
            rows, _ = self.names.films_of(self.names.beginning((word,)).names)
            has = np.zeros(len(best), bool)
            has[rows] = True
            holds_all &= has
            if not holds_all.any():
                return
        rows = np.flatnonzero(holds_all).astype(np.int32)
        _lower(best, rows, self._in_year(reading, rows, np.full(len(rows), Tier.APART)))

    def _with_errors(self, reading: NameReading, best: NDArray[np.int8]) -> None:
        """Find films with a name, or part of a name, that is one or two typing errors away."""
        typed = "".join(bare(reading.words))[:LONGEST_TYPED]
        whole = "".join(natural(reading.words))[:LONGEST_TYPED]
        allowed = errors_allowed(len(typed))
        if not allowed:
            return
        letters = letters_of([typed], len(typed))[0]
        for names, errors, spare in self._near(typed, letters, allowed):
            rows, owner = self.names.films_of(names)
            tiers = Tier.ONE_ERROR + 2 * (errors - 1) + spare
            _lower(best, rows, self._in_year(reading._replace(words=[whole]), rows, tiers[owner]))

    def _near(
        self, typed: str, letters: NDArray[np.uint16], allowed: int
    ) -> list[tuple[Rows, NDArray[np.int64], NDArray[np.int64]]]:
        """Return names close to the typed text, their number of errors, and 1 if only part of the name matched."""
        names_near: list[tuple[Rows, NDArray[np.int64], NDArray[np.int64]]] = []
        if len(typed) <= SHORT_NAME and len(self.names.short):
            places = self._short_alike(letters)
            errors, _ = errors_inside(letters, self.names.short_letters[places], whole=True)
            near = np.flatnonzero(errors <= 1)
            names_near.append(
                (self.names.short[places[near]], errors[near].clip(1).astype(np.int64), np.zeros(len(near), np.int64))
            )
        if len(typed) >= SHORTEST_PART:
            names = self._alike(typed, allowed)
            codes = letters_of([self.names.squeezed(at) for at in names.tolist()], LONGEST)
            errors, _ = errors_inside(letters, codes, whole=False)
            near = np.flatnonzero(errors <= allowed)
            spare = np.count_nonzero(codes[near], axis=1) > len(typed) + allowed
            names_near.append((names[near], errors[near].clip(1).astype(np.int64), spare.astype(np.int64)))
        return names_near

    def _short_alike(self, typed: NDArray[np.uint16]) -> NDArray[np.intp]:
        """Return the places of short names of about the same length whose letters hardly differ."""
        masks, lengths = self._short_masks
        apart = np.bitwise_count(masks ^ np.bitwise_or.reduce(_mask(typed)))
        return np.flatnonzero((np.abs(lengths - len(typed)) <= 1) & (apart <= 2))

    @cached_property
    def _short_masks(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Letter bit masks of the short names, uint64[short], and their lengths, int64[short]."""
        letters = np.asarray(self.names.short_letters)
        masks = np.bitwise_or.reduce(np.where(letters > 0, _mask(letters), np.uint64(0)), axis=1)
        return masks, np.count_nonzero(letters, axis=1)

    def _alike(self, typed: str, errors: int) -> Rows:
        """Return the names that share the most trigrams with the typed text, at most :data:`COMPARED`."""
        grams = grams_of(typed)
        offsets = self.names.gram_offsets
        lists = [self.names.gram_names[offsets[gram] : offsets[gram + 1]] for gram in grams.tolist()]
        shared = np.bincount(np.concatenate(lists), minlength=1) if lists else np.zeros(1, np.int64)
        # One error changes four trigrams at most.
        names = np.flatnonzero(shared >= max(2, len(grams) - 4 * errors))
        if len(names) > COMPARED:
            spare = (self.names.lines[names + 1] - self.names.lines[names] - len(typed)).clip(0)
            worth = shared[names] * 1_000 - spare.clip(0, 999)
            names = names[np.argpartition(-worth, COMPARED)[:COMPARED]]
        return names.astype(np.int32)


def readings_of(text: str) -> list[NameReading]:
    """Return the possible readings: the name as typed, in each script; a name and a year. The likeliest is last."""
    readings = []
    for spelt in spellings(text):
        words = spelt[:MAX_WORDS]
        readings.append(NameReading(words))
        for year, rest in ((words[-1], words[:-1]), (words[0], words[1:])):
            if rest and year.isascii() and year.isdigit() and len(year) == 4 and _is_year(int(year)):
                readings.append(NameReading(rest, int(year), int(year)))
                break
        else:
            last = words[-1]
            if len(words) > 1 and last.isascii() and last.isdigit() and len(last) in (2, 3) and last[:2] in _CENTURIES:
                # A year still being typed.
                width = 10 ** (4 - len(last))
                readings.append(NameReading(words[:-1], int(last) * width, (int(last) + 1) * width - 1))
    return readings


def _is_year(number: int) -> bool:
    return _FIRST_YEAR <= number <= _LAST_YEAR


def _mask(letters: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Return a bit per letter."""
    return np.uint64(1) << (letters & 63).astype(np.uint64)


def _lower(best: NDArray[np.int8], rows: Rows, tiers: NDArray[np.integer]) -> None:
    """Lower each film's tier to the best of the given ones."""
    # Assigned from worst to best, so that the best one remains.
    order = np.argsort(-tiers, kind="stable")
    rows, tiers = rows[order], tiers[order]
    given = np.full(len(best), Tier.NONE, np.int8)
    given[rows] = tiers
    np.minimum(best, given, out=best)
