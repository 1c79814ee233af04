"""From plain words to an engine query. Nothing is parsed: operators, quotes and brackets are just not words.

A film is found by the terms of its text (BM25), and lifted by a constant where the whole query is a name: of the
film, of its director, of a person in it, or nearly so. Words that stand nowhere are taken for typing errors.
"""

from collections.abc import Iterator

import tantivy
from tantivy import FieldType, Occur, Query

from services.adapters.search.analyser import squeezed, terms
from services.adapters.search.schema import TEXT_FIELDS
from services.recommender.domain.filters import Filters
from services.recommender.domain.genres import GENRES

MAX_TERMS = 40
LONGEST_NAME = 16

# Constants on the scale of BM25, where a rare word in a title gives about 20.
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

# An overview term of more than every fifth film tells films apart by next to nothing, and costs the most time.
COMMON = 0.2
_LARGEST = 2**62


class QueryBuilder:
    """Builds queries against one index; holds no state of a request, so threads may share it."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._schema = schema
        self._searcher = searcher
        self._common = COMMON * searcher.num_docs

    def text(self, text: str) -> Query | None:
        """The query for a person's words; None where there is nothing to look for."""
        found = list(dict.fromkeys(terms(text)))[:MAX_TERMS]
        unknown = [term for term in found if not self._fields(term)]
        clauses = [clause for term in found for clause in self._term(term)]
        if 0 < len(found) <= LONGEST_NAME:
            clauses += self._names(squeezed(text), errors=2 if unknown else 1)
        return self._any(clauses) if clauses else None

    def named(self, text: str) -> Query | None:
        """The query for films of exactly this title, if there are several."""
        name = squeezed(text)
        return self._exactly("name", name) if self._searcher.doc_freq("name", name) > 1 else None

    def filtered(self, query: Query, filters: Filters) -> Query:
        """The same query and the same scores, only for films that pass; agrees with ``Filters.mask``."""
        must = Occur.Must
        clauses = [(must, query)]
        clauses += [(must, Query.const_score_query(part, 0.0)) for part in self._conditions(filters)]
        if filters.not_genres:
            clauses.append((Occur.MustNot, self._genres(filters.not_genres)))
        return Query.boolean_query(clauses)

    def _term(self, term: str) -> Iterator[Query]:
        """One term in every field that has it; if none has, titles and people with a word like it."""
        found = self._fields(term)
        if not found:
            yield from self._misspelt(term)
        for field, films in found.items():
            if not (field == "overview" and films > self._common):
                query = Query.term_query(self._schema, field, term, index_option="freq")
                yield Query.boost_query(query, TEXT_FIELDS[field])

    def _fields(self, term: str) -> dict[str, int]:
        """The fields that have a term, and in how many films."""
        counts = {field: self._searcher.doc_freq(field, term) for field in TEXT_FIELDS}
        return {field: films for field, films in counts.items() if films}

    def _misspelt(self, term: str) -> Iterator[Query]:
        for distance in _distances(term, SHORTEST_NEAR_WORD):
            for field in ("title", "people"):
                yield self._near(field, term, distance, NEAR_WORD[distance])

    def _names(self, name: str, errors: int) -> Iterator[Query]:
        """Clauses for a query that is a name as a whole; near misses only where nothing is hit."""
        lifts = {"name": EXACT_TITLE, "other_name": OTHER_TITLE, "director": DIRECTOR, "person": PERSON}
        hits = [field for field in lifts if self._searcher.doc_freq(field, name)]
        for field in hits:
            yield Query.const_score_query(self._exactly(field, name), lifts[field])
        if hits:
            return
        for distance in _distances(name, SHORTEST_NEAR_TITLE)[:errors]:
            yield self._near("name", name, distance, NEAR_TITLE[distance])
        if errors > 1 and len(name) >= SHORTEST_NEAR_PERSON:
            yield self._near("person", name, 1, NEAR_PERSON)

    def _exactly(self, field: str, name: str) -> Query:
        return Query.term_query(self._schema, field, name, index_option="basic")

    def _near(self, field: str, text: str, distance: int, score: float) -> Query:
        query = Query.fuzzy_term_query(self._schema, field, text, distance=distance)
        return Query.const_score_query(query, score)

    def _any(self, queries: list[Query]) -> Query:
        return Query.boolean_query([(Occur.Should, query) for query in queries])

    def _conditions(self, filters: Filters) -> Iterator[Query]:
        if filters.genres:
            yield self._genres(filters.genres)
        if filters.year_from is not None or filters.year_to is not None:
            yield self._range("year", filters.year_from, filters.year_to)
        if filters.languages:
            yield Query.term_set_query(self._schema, "language", list(filters.languages))
        if filters.min_votes:
            yield self._range("votes", filters.min_votes, None)

    def _genres(self, mask: int) -> Query:
        numbers = [number for number in range(len(GENRES)) if mask >> number & 1]
        return Query.term_set_query(self._schema, "genre", numbers)

    def _range(self, field: str, lowest: int | None, highest: int | None) -> Query:
        return Query.range_query(
            self._schema, field, FieldType.Integer, _representable(lowest), _representable(highest)
        )  # fmt: skip


def _representable(bound: int | None) -> int | None:
    return None if bound is None else max(-_LARGEST, min(_LARGEST, bound))


def _distances(text: str, shortest: int) -> tuple[int, ...]:
    """How many typing errors to forgive: none in the shortest words, which would turn into each other."""
    if len(text) < shortest:
        return ()
    return (1,) if len(text) < 8 else (1, 2)
