"""Find film series, as named by the source, else derived from titles: "Rocky" and "Rocky III", "Kill Bill: Vol. 1" and
"Kill Bill: Vol. 2", "Harry Potter and the Goblet of Fire".

Meant to be precise, not complete: a film belongs to a series if its title is another's followed by a number from 2 to
9, or if both begin with the same two words or more before a colon or before "and the". Remakes share a name and are not
a series.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from data_jobs.readers.text import fold

MOST_YEARS = 25
"""Maximum years between a film and the next of its series; beyond that it is the sequel of a remake."""
_NUMBER = re.compile(
    r"^(?P<root>.*?\w[!?]?),?\s+(?:(?:part|vol\.?|volume|chapter|episode)\s+)?"
    r"(?:[2-9]|i|ii|iii|iv|v|vi|vii|viii|ix|two|three|four|deux)(?:\s*:.*|\s+-\s.*)?$",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"^(?P<root>\S+ \S.*?)\s*:\s")
_AND_THE = re.compile(r"^(?!(?:the|an?) )(?P<root>\S+ \S+) (?:and|&) the \w", re.IGNORECASE)
_PART = re.compile(r":?\s+(?:part|vol\.?|volume|chapter|episode)$", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:the|an?) ", re.IGNORECASE)
_COLLECTION = re.compile(r"\s+(?:collection|series|trilogy|saga)$", re.IGNORECASE)


class DatedTitle(NamedTuple):
    """What determines a film's series: title, year (0 unknown), and the series its source names ("" for none)."""

    title: str
    year: int
    named: str = ""


class Series(NamedTuple):
    """A series of two films or more: its name, and its films' indices by year."""

    name: str
    rows: tuple[int, ...]


def find_series(films: Sequence[DatedTitle]) -> list[Series]:
    """Return the series of a catalogue; a film is in at most one."""
    named: dict[str, list[int]] = defaultdict(list)
    members: dict[str, set[int]] = defaultdict(set)
    namesakes = defaultdict(list)
    for row, film in enumerate(films):
        namesakes[_plain(film.title)].append(row)
        if film.named:
            named[_COLLECTION.sub("", film.named)].append(row)
        elif (root := root_of(film.title)) is not None:
            members[_plain(root)].add(row)
    members = _nested(films, members, set(namesakes))
    all_series = [Series(name, _by_year(films, rows)) for name, rows in sorted(named.items())]
    for plain, rows in sorted(members.items()):
        numbered = [row for row in rows if _plain(films[row].title) != plain]
        first = _first(films, [row for row in namesakes.get(plain, []) if not films[row].named], numbered)
        ordered = _by_year(films, {*numbered, *first})
        if ordered:
            all_series.append(Series(_name(films, ordered, plain), ordered))
    return _disjoint([series for series in all_series if len(series.rows) > 1])


def _nested(films: Sequence[DatedTitle], members: dict[str, set[int]], titles: set[str]) -> dict[str, set[int]]:
    """Return the films grouped by the root of their root where that is a series: "Harry Potter and the Deathly Hallows:
    Part 1" belongs to Harry Potter.
    """
    joined: dict[str, set[int]] = defaultdict(set)
    for plain, rows in members.items():
        outer = root_of(root_of(films[min(rows)].title) or "")
        wider = "" if outer is None else _plain(outer)
        joined[wider if wider in members or wider in titles else plain] |= rows
    return joined


def root_of(title: str) -> str | None:
    """Return the part that a numbered or prefixed title shares with its series; None for any other title."""
    match = _NUMBER.match(title) or _PREFIX.match(title) or _AND_THE.match(title)
    if match is None:
        return None
    root = _PART.sub("", match["root"].rstrip(" :-,"))
    return root if len(_plain(root)) > 1 else None


def _name(films: Sequence[DatedTitle], rows: Sequence[int], plain: str) -> str:
    """Return the name of a series as one of its titles spells it."""
    for row in rows:
        root = root_of(films[row].title)
        if root is not None and _plain(root) == plain:
            return root
    return films[rows[0]].title


def _plain(title: str) -> str:
    return fold(_ARTICLE.sub("", title))


def _by_year(films: Sequence[DatedTitle], rows: Sequence[int] | set[int]) -> tuple[int, ...]:
    return tuple(sorted(rows, key=lambda row: (films[row].year, row)))


def _first(films: Sequence[DatedTitle], namesakes: list[int], numbered: list[int]) -> list[int]:
    """Return the film that the numbered ones follow: of several namesakes, the latest before them; [] if there is
    none.
    """
    years = [films[row].year for row in numbered if films[row].year]
    if not years:
        return []
    earliest = min(years)
    before = [row for row in namesakes if 0 <= earliest - films[row].year <= MOST_YEARS]
    return [max(before, key=lambda row: (films[row].year, -row))] if before else []


def _disjoint(candidates: list[Series]) -> list[Series]:
    """Remove overlaps: the larger series keeps a film that two could claim."""
    taken: set[int] = set()
    disjoint = []
    for series in sorted(candidates, key=lambda series: (-len(series.rows), series.rows)):
        rows_left = tuple(row for row in series.rows if row not in taken)
        if len(rows_left) > 1:
            disjoint.append(Series(series.name, rows_left))
            taken.update(rows_left)
    return sorted(disjoint, key=lambda series: series.rows)
