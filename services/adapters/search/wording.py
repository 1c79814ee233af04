"""Engine-independent clauses of a text query. Nothing is parsed: operators, quotes and brackets are not words.

A film is found by the terms of its text (BM25), with a constant bonus if the whole query is a name: of the film, its
director, or a person in it, or nearly so. Unknown words are treated as typing errors.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from services.adapters.search.analyser import squeezed, terms, words
from services.adapters.search.schema import TEXT_FIELDS

MAX_TERMS = 40
LONGEST_NAME = 16

# Constants on the scale of the embedded engine's BM25, where a rare word in a title gives about 20.
EXACT_TITLE = 60.0
OTHER_TITLE = 35.0
NEAR_TITLE = {1: 40.0, 2: 25.0}
SHORTEST_NEAR_TITLE = 3
SHORTEST_NEAR_WORD = 4
SHORTEST_NEAR_PERSON = 8
DIRECTOR = 25.0
PERSON = 15.0
NEAR_PERSON = 12.0
NEAR_WORD = {1: 8.0, 2: 4.0}

# An overview term found in more than a fifth of films hardly distinguishes them, and costs the most time.
COMMON = 0.2


class TermCounts(Protocol):
    """Terms and names of the films' texts."""

    films: int

    def count(self, field: str, term: str) -> int:
        """Return the number of films with this term, or this name, in a field."""
        ...


@dataclass(frozen=True, slots=True)
class WordClause:
    """A word and its stemmed ``term``, to be scored by BM25 in each of the ``fields``."""

    word: str
    term: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NameClause:
    """Films whose ``field`` is exactly this squeezed name; ``score`` is a constant."""

    field: str
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Near:
    """Films with a term or name at most ``distance`` typing errors away; ``score`` is a constant."""

    field: str
    text: str
    distance: int
    score: float


Clause = WordClause | NameClause | Near


def clauses(text: str, lexicon: TermCounts) -> list[Clause]:
    """Return the clauses of a query; a film's score is the sum over those it meets. Empty if no film can match."""
    pairs = dict(zip(terms(text), words(text), strict=True))
    words_and_fields = [(word, term, _fields(term, lexicon)) for term, word in list(pairs.items())[:MAX_TERMS]]
    parts: list[Clause] = []
    for word, term, fields in words_and_fields:
        parts += [WordClause(word, term, _useful_fields(term, fields, lexicon))] if fields else _misspelt(term)
    if 0 < len(words_and_fields) <= LONGEST_NAME:
        errors = 1 if all(fields for _, _, fields in words_and_fields) else 2
        parts += _names(squeezed(text), errors, lexicon)
    return parts


def _fields(term: str, lexicon: TermCounts) -> tuple[str, ...]:
    """Return the fields that contain a term."""
    return tuple(field for field in TEXT_FIELDS if lexicon.count(field, term))


def _useful_fields(term: str, fields: tuple[str, ...], lexicon: TermCounts) -> tuple[str, ...]:
    """Return the fields in which searching for the term is useful."""
    if "overview" not in fields or lexicon.count("overview", term) <= COMMON * lexicon.films:
        return fields
    return tuple(field for field in fields if field != "overview")


def _misspelt(term: str) -> Iterator[Near]:
    """Yield clauses for titles and people with a similar word."""
    for distance in _distances(term, SHORTEST_NEAR_WORD):
        for field in ("title", "people"):
            yield Near(field, term, distance, NEAR_WORD[distance])


def _names(name: str, errors: int, lexicon: TermCounts) -> Iterator[Clause]:
    """Yield clauses for a query that is a whole name; near misses only if there is no exact match."""
    scores = {"name": EXACT_TITLE, "other_name": OTHER_TITLE, "director": DIRECTOR, "person": PERSON}
    hits = [field for field in scores if lexicon.count(field, name)]
    for field in hits:
        yield NameClause(field, name, scores[field])
    if hits:
        return
    for distance in _distances(name, SHORTEST_NEAR_TITLE)[:errors]:
        yield Near("name", name, distance, NEAR_TITLE[distance])
    if errors > 1 and len(name) >= SHORTEST_NEAR_PERSON:
        yield Near("person", name, 1, NEAR_PERSON)


def _distances(text: str, shortest: int) -> tuple[int, ...]:
    """Return the tolerated typing errors: none in the shortest words, which would match each other."""
    if len(text) < shortest:
        return ()
    return (1,) if len(text) < 8 else (1, 2)
