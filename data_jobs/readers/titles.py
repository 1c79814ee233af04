"""Parse MovieLens titles: "City of Lost Children, The (Cité des enfants perdus, La) (1995)" and variants."""

import re
from difflib import SequenceMatcher
from typing import NamedTuple

from data_jobs.readers.text import fold

_YEAR = re.compile(r"\s*[(\[](\d{4})(?:\s*[-\u2013\u2014]\s*(?:\d{4})?)?[)\]]\s*$")
_OTHER_TITLE = re.compile(r"\s*\(([^()]*)\)\s*$")
_ALSO = re.compile(r"^a\.?k\.?a\.?\s+", re.IGNORECASE)
# Capitalised and at the very end, so that "Il buono, il brutto" is left alone.
_ARTICLE = re.compile(
    r"^(?P<rest>.+), (?P<article>The|An?|L'|L\u2019|L[aeo]|Les|Los|Las|Il|Gli|I|El|Un|Una|Une|Uno"
    r"|Der|Die|Das|Det|Den|De|Het|Een|Ein|Eine|En|Ett|Et|Os?|As|Da)$"
)
_FIRST_YEAR, _LAST_YEAR = 1870, 2100
_YEARS_APART = 2
"""A film's year differs by one or two between sources: festival, release, country."""
_ALIKE = 0.6


class Title(NamedTuple):
    """A parsed title."""

    name: str
    """For display: "The City of Lost Children"."""
    year: int | None
    aka: tuple[str, ...]
    """Bracketed parts after it: other titles, or a part of the title itself."""
    full: str
    """The name with those brackets: "Birdman: Or (The Unexpected Virtue of Ignorance)"."""


def article_first(name: str) -> str:
    """Return "Matrix, The" as "The Matrix", "Avventura, L'" as "L'Avventura"; anything else unchanged."""
    match = _ARTICLE.match(name)
    if not match:
        return name
    article = match["article"]
    return article + ("" if article.endswith(("'", "\u2019")) else " ") + match["rest"]


def parse_title(raw: str) -> Title:
    """Parse a MovieLens title. Of "(2006-2007)" the first year counts; an impossible year is ignored."""
    rest, year = raw.strip(), None
    if match := _YEAR.search(rest):
        number = int(match[1])
        if _FIRST_YEAR <= number <= _LAST_YEAR and match.start() > 0:
            rest, year = rest[: match.start()], number
    brackets: list[str] = []
    name = rest
    while (match := _OTHER_TITLE.search(name)) and match.start() > 0:
        brackets.insert(0, match[1].strip())
        name = name[: match.start()].rstrip()
    shown = article_first(name)
    aka = [article_first(_ALSO.sub("", part).strip()) for part in brackets]
    full = shown + "".join(f" ({part})" for part in brackets)
    return Title(shown, year, tuple(dict.fromkeys(part for part in aka if part)), full)


def alike(title: str, name: str) -> bool:
    """Return whether two titles may name one film: equal, one within the other, or mostly the same letters."""
    a, b = fold(title), fold(name)
    if not a or not b:
        return True  # nothing but symbols: no evidence against
    return f" {a} " in f" {b} " or f" {b} " in f" {a} " or SequenceMatcher(None, a, b).ratio() >= _ALIKE


def any_alike(title: Title, names: tuple[str, ...]) -> bool:
    """Return whether any form of the title may name the same film as any of ``names``."""
    forms = (title.name, title.full, *title.aka)
    return any(alike(form, name) for form in forms for name in names)


def years_apart(a: int | None, b: int | None) -> bool:
    """Return whether two years are both known and too far apart for one film."""
    return a is not None and b is not None and abs(a - b) > _YEARS_APART
