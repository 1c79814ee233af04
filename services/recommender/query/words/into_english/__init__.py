"""The words of film in other languages, brought into English before a query is read.

A line is ``words = English``; spelling is folded ("niños" is ninos), and the longest entry that fits wins. Words of a
line that begins with ``?`` are English words or names, too: they are read as words of the language only where others
show that it is spoken.
"""

from typing import NamedTuple

from services.recommender.query.words.into_english import french, german, italian, portuguese, spanish


class Translation(NamedTuple):
    """Phrase -> English; ``doubtful``: the phrases that are English, too."""

    table: dict[str, str]
    doubtful: frozenset[str]


def _read(text: str) -> Translation:
    table: dict[str, str] = {}
    doubtful: set[str] = set()
    for line in text.strip().splitlines():
        words, _, english = line.lstrip("?").partition(" = ")
        entries = words.split(", ")
        table |= dict.fromkeys(entries, english)
        doubtful |= set(entries) if line.startswith("?") else set()
    return Translation(table, frozenset(doubtful))


TRANSLATIONS = {
    "fr": _read(french.TABLE),
    "de": _read(german.TABLE),
    "es": _read(spanish.TABLE),
    "it": _read(italian.TABLE),
    "pt": _read(portuguese.TABLE),
}
"""By language (ISO 639-1)."""
