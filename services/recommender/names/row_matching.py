"""Matching of another service's rows to films of the catalogue: by id, else by name and year, else undecided.

A wrong film in a person's history is worse than a missing one, so ambiguous rows are left to the person.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.recommender.domain.catalogue import FOREIGN_ID
from services.recommender.domain.imported_history import ImportedRow
from services.recommender.names.finder import Finder, Rows
from services.recommender.names.folding import natural, numbered, spellings, title_and_year
from services.recommender.names.names import NameKind, Place
from services.recommender.names.typos import errors_inside, letters_of

# Among films of one name without a year, the best known is chosen if it has this many times the votes of the next.
CLEARLY_BETTER_KNOWN = 10
# Minimum letters of a name to accept it as part of a title, or with a spelling error.
LONG_ENOUGH, LONG_ENOUGH_WITH_ERROR = 8, 10
CANDIDATES, YEARS_OF_CANDIDATES = 3, 3
_BREAK = re.compile(r"\s*(?::| [-\u2013\u2014] | or[: ]|\()\s*")
_PART = re.compile(r"\d|\b(?:part|vol|volume|chapter|episode|i{2,3}|iv|v|vi{1,3})\b", re.IGNORECASE)
_SECONDS_A_YEAR = 31_556_952


class How(StrEnum):
    """How a film was matched."""

    ID = "id"
    TITLE = "title and year"
    NEXT_YEAR = "title, a year apart"
    PART = "part of the title and year"
    SPELLING = "title but for a letter, and year"
    NAME = "title alone"


class Match(NamedTuple):
    """``row`` of the film, -1 if undecided; then ``candidates``, the rows it may refer to."""

    row: int
    how: How | None = None
    candidates: tuple[int, ...] = ()


class _NamedRows(NamedTuple):
    """Films with a name: ``rows`` int32, and how well it fits: 0 (their main title), 1 (but for an article), 2 (an
    alternative title).
    """

    rows: Rows
    grades: NDArray[np.int64]


_MAIN_TITLE, _BUT_ARTICLE = 0, 1
_NO_FILMS = _NamedRows(np.empty(0, np.int32), np.empty(0, np.int64))


@dataclass(frozen=True, eq=False)
class Matcher:
    """Matches rows against the names of one catalogue; each name and year is looked up once."""

    finder: Finder
    _matches: dict[tuple[object, ...], Match] = field(default_factory=dict)

    def match(self, imported: ImportedRow) -> Match:
        """Return the film a row refers to, if it is certain."""
        year_seen = (
            None if imported.year or imported.ts_ms is None else 1970 + imported.ts_ms // 1_000 // _SECONDS_A_YEAR
        )
        key = (imported.titles, imported.year, imported.film_ids, year_seen)
        if key not in self._matches:
            self._matches[key] = self._by_id(imported) or self._by_title(imported, year_seen)
        return self._matches[key]

    def candidates(self, imported: ImportedRow) -> tuple[int, ...]:
        """Return films a row may refer to if no film has its name."""
        title = imported.titles[0] if imported.titles else ""
        rows = self.finder.find(f"{title} {imported.year or ''}".strip()[:200], CANDIDATES)
        if imported.year:
            rows = rows[
                np.abs(self.finder.catalogue.years[rows].astype(np.int64) - imported.year) <= YEARS_OF_CANDIDATES
            ]
        return tuple(rows.tolist())

    def _by_id(self, imported: ImportedRow) -> Match | None:
        rows = self.finder.catalogue.rows_of(imported.film_ids)
        in_catalogue = rows[rows >= 0]
        return Match(int(in_catalogue[0]), How.ID) if len(in_catalogue) else None

    def _by_title(self, imported: ImportedRow, year_seen: int | None) -> Match:
        doubtful: tuple[int, ...] = ()
        for title in imported.titles:
            name, year = title_and_year(title)
            year = imported.year or year
            named = self._named(imported, name)
            if year is None:
                match = self._without_year(named, year_seen)
            else:
                match = self._of_year(named, name, year)
                if match.row < 0 and not match.candidates:
                    match = self._inexact(imported, name, year, named) or match
            if match.row >= 0:
                return match
            doubtful = doubtful or match.candidates
        return Match(-1, None, doubtful)

    def _named(self, imported: ImportedRow, name: str) -> _NamedRows:
        """Return films with exactly this name, in any script; if none, with small numbers as digits or words."""
        groups = []
        for words in spellings(name):
            own = natural(words)
            groups = [self._keyed(own, 0)]
            if not len(groups[0].rows):
                groups = [self._keyed(form, 1) for form in numbered(own)]
            if any(len(each.rows) for each in groups):
                break
        if not groups:
            return _NO_FILMS
        rows = np.concatenate([each.rows for each in groups])
        same_film = np.array([not self._is_another(imported, row) for row in rows.tolist()], bool)
        return _NamedRows(rows[same_film], np.concatenate([each.grades for each in groups])[same_film])

    def _keyed(self, words: Sequence[str], grade: int) -> _NamedRows:
        names = self.finder.names.keyed(words)
        kinds = self.finder.names.kinds[names]
        names, kinds = names[kinds != NameKind.PERSON], kinds[kinds != NameKind.PERSON]
        rows, owner = self.finder.names.films_of(names)
        squeezed = "".join(words)
        is_exact = np.array([self.finder.names.squeezed(at) == squeezed for at in names.tolist()], bool)
        grades = np.where(kinds == NameKind.OTHER_TITLE, 2, np.where(is_exact, 0, 1)) + grade
        return _NamedRows(rows, grades[owner].astype(np.int64))

    def _of_year(self, named: _NamedRows, name: str, year: int) -> Match:
        """Return the film of the name, at most a year apart: exact years first, then main before alternative titles."""
        years = self.finder.catalogue.years[named.rows].astype(np.int64)
        apart = np.where(years > 0, np.abs(years - year), 99)
        near = apart <= 1
        if not near.any():
            return Match(-1)
        order = apart[near] * 10 + named.grades[near]
        best = self._distinct(named.rows[near][order == order.min()])
        sure = order.min() < 10 or order.min() < 12 or len("".join(natural(name.split()))) >= LONG_ENOUGH
        if len(best) > 1 or not sure:
            return Match(-1, None, best[:CANDIDATES])
        return Match(best[0], How.NEXT_YEAR if order.min() >= 10 else How.TITLE)

    def _without_year(self, named: _NamedRows, year_seen: int | None) -> Match:
        """Return the only film of the name released by the time it was seen, or by far the best known one."""
        rows, catalogue = named.rows, self.finder.catalogue
        if (named.grades == _MAIN_TITLE).any():
            rows = rows[named.grades != _BUT_ARTICLE]  # "Heat" is not "The Heat"
        if year_seen is not None:
            rows = rows[catalogue.years[rows] <= year_seen + 1]
        films = sorted(self._distinct(rows), key=lambda row: -int(catalogue.votes[row]))
        if not films:
            return Match(-1)
        votes = [int(catalogue.votes[row]) for row in films[:2]]
        if len(films) > 1 and votes[0] < CLEARLY_BETTER_KNOWN * max(votes[1], 1):
            return Match(-1, None, tuple(films[:CANDIDATES]))
        return Match(films[0], How.NAME)

    def _inexact(self, imported: ImportedRow, name: str, year: int, named: _NamedRows) -> Match | None:
        """Return a film of that year with a longer, shorter or misspelt title; undecided if other years have films of
        exactly this name: a "Pinocchio" that the catalogue lacks is not "Pinocchio: A True Story".
        """
        match = self._part(imported, name, year) or self._misspelt(imported, name, year)
        if match is None or match.row < 0 or not len(named.rows):
            return match
        return Match(-1, None, (match.row, *self._distinct(named.rows))[:CANDIDATES])

    def _part(self, imported: ImportedRow, name: str, year: int) -> Match | None:
        """Return a film of that year whose title begins with the name ("Star Wars"), or begins the name."""
        words = natural((spellings(name) or [[]])[0])
        if not words:
            return None
        names = self.finder.names
        begun = names.beginning(words)
        titles = (names.kinds[begun.names] != NameKind.PERSON) & (begun.places != Place.INSIDE)
        line = " ".join(words) + " "
        longer = [at for at in begun.names[titles].tolist() if line in names.name(at) + " "]
        rows, _ = names.films_of(np.array(longer, np.int32))
        match = self._only_of_year(imported, rows, year)
        if match is not None:
            return match if len(line) > LONG_ENOUGH else Match(-1, None, (match.row,))
        head, *tail = _BREAK.split(name, maxsplit=1)
        if not tail or not head:
            return None
        match = self._only_of_year(imported, self._named(imported, head).rows, year)
        # "Che: Part Two" from the year of "Che" may be another film.
        return match if match is None or not _PART.search(tail[0]) else Match(-1, None, (match.row,))

    def _misspelt(self, imported: ImportedRow, name: str, year: int) -> Match | None:
        """Return the film of that year with a title one letter away; digits distinguish films, so they must agree."""
        squeezed = "".join(natural((spellings(name) or [[]])[0]))
        if len(squeezed) < LONG_ENOUGH_WITH_ERROR:
            return None
        rows = self.finder.find(f"{name[:200]} {year}", CANDIDATES)
        rows = rows[self.finder.catalogue.years[rows] == year]
        for row in rows.tolist():
            title = "".join(natural((spellings(self.finder.catalogue.titles[row]) or [[]])[0]))
            width = max(len(title), len(squeezed))
            errors, _ = errors_inside(
                letters_of([squeezed], width)[0][: len(squeezed)], letters_of([title], width), whole=True
            )
            if int(errors[0]) <= 1 and re.findall(r"\d", title) == re.findall(r"\d", squeezed):
                return None if self._is_another(imported, row) else Match(row, How.SPELLING)
        return None

    def _only_of_year(self, imported: ImportedRow, rows: Rows, year: int) -> Match | None:
        rows = rows[self.finder.catalogue.years[rows] == year]
        films = self._distinct(
            np.array([row for row in rows.tolist() if not self._is_another(imported, row)], np.int32)
        )
        if not films:
            return None
        return Match(films[0], How.PART) if len(films) == 1 else Match(-1, None, films[:CANDIDATES])

    def _distinct(self, rows: Rows) -> tuple[int, ...]:
        """Return the distinct films, best known first; of two entries with the same TMDB or IMDb id the first."""
        catalogue, films, seen_ids = self.finder.catalogue, [], set[str]()
        for row in sorted(set(rows.tolist()), key=lambda row: int(self.finder.rank[row])):
            ids = {f"tmdb:{catalogue.tmdb_ids[row]}", f"imdb:{catalogue.imdb_ids[row]}"} - {"tmdb:0", "imdb:0"}
            if not ids & seen_ids:
                films.append(row)
            seen_ids |= ids
        return tuple(films)

    def _is_another(self, imported: ImportedRow, row: int) -> bool:
        """Return whether the row's id contradicts the film's id of the same kind."""
        catalogue = self.finder.catalogue
        for film_id in imported.film_ids:
            match = FOREIGN_ID.fullmatch(film_id)
            if match is None:
                continue
            catalogue_id = int(catalogue.tmdb_ids[row]) if match[1] else int(catalogue.imdb_ids[row])
            if catalogue_id and catalogue_id != int(match[1] or match[2]):
                return True
        return False
