"""Film series, told by their titles: "Rocky" and "Rocky III", "Kill Bill: Vol. 1" and "Kill Bill: Vol. 2".

Meant to be precise, not complete: a film belongs to a series if its title is another's with a number from 2 to 9
behind it, or if both begin with the same two words or more before a colon. Remakes share a name and are no series.
"""

import re
from collections import defaultdict

from data_jobs.readers.text import fold
from services.recommender.domain.catalogue import Catalogue

MOST_YEARS = 25
"""Between a film and the next of its series; more is a remake's sequel."""
_NUMBER = re.compile(
    r"^(?P<root>.*?\w[!?]?),?\s+(?:(?:part|vol\.?|volume|chapter|episode)\s+)?"
    r"(?:[2-9]|i|ii|iii|iv|v|vi|vii|viii|ix|two|three|four|deux)(?:\s*:.*|\s+-\s.*)?$",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"^(?P<root>\S+ \S.*?)\s*:\s")
_PART = re.compile(r":?\s+(?:part|vol\.?|volume|chapter|episode)$", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:the|an?) ", re.IGNORECASE)


def series(catalogue: Catalogue) -> list[tuple[int, ...]]:
    """Rows of each series of two films or more, by year; a film is in one series at most."""
    titles = list(catalogue.titles)
    members: dict[str, set[int]] = defaultdict(set)
    for row, title in enumerate(titles):
        if (root := root_of(title)) is not None:
            members[root].add(row)
    named = defaultdict(list)
    for row, title in enumerate(titles):
        named[_plain(title)].append(row)
    found = []
    for root, rows in sorted(members.items()):
        numbered = [row for row in rows if _plain(titles[row]) != root]
        first = _first(catalogue, named.get(root, []), numbered)
        both = sorted({*numbered, *first}, key=lambda row: (int(catalogue.years[row]), row))
        if len(both) > 1:
            found.append(tuple(both))
    return _disjoint(found)


def root_of(title: str) -> str | None:
    """What a numbered or prefixed title has in common with the others of its series; None for any other title."""
    match = _NUMBER.match(title) or _PREFIX.match(title)
    if match is None:
        return None
    root = _plain(_PART.sub("", match["root"].rstrip(" :-,")))
    return root if len(root) > 1 else None


def _plain(title: str) -> str:
    return fold(_ARTICLE.sub("", title))


def _first(catalogue: Catalogue, namesakes: list[int], numbered: list[int]) -> list[int]:
    """The film that the numbered ones follow: of several of its name the last before them."""
    years = [int(catalogue.years[row]) for row in numbered if catalogue.years[row]]
    if not years:
        return []
    earliest = min(years)
    before = [row for row in namesakes if 0 <= earliest - int(catalogue.years[row]) <= MOST_YEARS]
    return [max(before, key=lambda row: (int(catalogue.years[row]), -row))] if before else []


def _disjoint(found: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The larger series keeps a film that two could claim."""
    taken: set[int] = set()
    kept = []
    for rows in sorted(found, key=lambda rows: (-len(rows), rows)):
        left = tuple(row for row in rows if row not in taken)
        if len(left) > 1:
            kept.append(left)
            taken.update(left)
    return sorted(kept)
