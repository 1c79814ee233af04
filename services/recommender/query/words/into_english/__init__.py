"""Film vocabulary of other languages, translated to English before a query is read.

Each line is ``words = English``; spelling is folded ("niños" is ninos), and the longest matching entry wins. Words of
a line starting with ``?`` are also English words or names: they count for the language only together with others.
"""

from typing import NamedTuple

from services.recommender.query.words import words_in
from services.recommender.query.words.into_english import french, german, italian, portuguese, spanish


class Translation(NamedTuple):
    """Phrase -> English; ``sure``: the same without phrases that are also English."""

    table: dict[str, str]
    sure: dict[str, str]


# Entries that are also English words or names.
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
