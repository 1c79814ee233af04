"""The words of film in other languages, brought into English before a query is read.

A line is ``words = English``; spelling is folded ("niños" is ninos), and the longest entry that fits wins. Words of a
line that begins with ``?`` are English words or names, too: they are read as words of the language only where others
show that it is spoken.
"""

from typing import NamedTuple

from services.recommender.query.words import words_in
from services.recommender.query.words.into_english import french, german, italian, portuguese, spanish


class Translation(NamedTuple):
    """Phrase -> English; ``sure``: the same without what is English, too."""

    table: dict[str, str]
    sure: dict[str, str]


# Entries that are English words or names as well, whatever the language.
_ENGLISH_TOO = words_in(
    "a action al alter art as cinema china come con crime d do due e femme film films frances gangsters horror i l los "
    "main manner mar mere minutes no non o pain prison re recent recents serial killer sin son suspense terror vampire "
    "vampires"
)


def _read(text: str) -> Translation:
    table: dict[str, str] = {}
    doubtful: set[str] = set()
    for line in text.strip().splitlines():
        words, _, english = line.lstrip("?").partition(" = ")
        entries = words.split(", ")
        table |= dict.fromkeys(entries, english)
        english_too = {entry for entry in entries if set(entry.split()) <= _ENGLISH_TOO}
        doubtful |= set(entries) if line.startswith("?") else english_too
    return Translation(table, {phrase: english for phrase, english in table.items() if phrase not in doubtful})


TRANSLATIONS = {
    "fr": _read(french.TABLE),
    "de": _read(german.TABLE),
    "es": _read(spanish.TABLE),
    "it": _read(italian.TABLE),
    "pt": _read(portuguese.TABLE),
}
"""By language (ISO 639-1)."""
