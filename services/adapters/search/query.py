"""Translation to queries of the embedded engine."""

from collections.abc import Iterator, Mapping

import tantivy
from tantivy import FieldType, Occur, Query

from services.adapters.search.schema import TEXT_FIELDS
from services.adapters.search.wording import Clause, NameClause, Near, WordClause
from services.recommender.domain.filters import Filters
from services.recommender.domain.genres import GENRES

_LARGEST = 2**62


class QueryBuilder:
    """Builds queries against one index, and knows its terms; holds no request state, so threads may share it."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self.films: int = searcher.num_docs
        self._schema = schema
        self._searcher = searcher

    def count(self, field: str, term: str) -> int:
        """Return the number of films with this term, or this name, in a field."""
        return int(self._searcher.doc_freq(field, term))

    def text(self, clauses: list[Clause]) -> Query:
        """Return a query for films that meet any of the clauses."""
        return Query.boolean_query([(Occur.Should, query) for clause in clauses for query in self._clause(clause)])

    def named(self, name: str, field: str = "name", errors: int = 0) -> Query:
        """Return a query for films with this squeezed title, or one within ``errors`` typing errors."""
        if not errors:
            return self._exactly(field, name)
        return Query.const_score_query(
            Query.fuzzy_term_query(self._schema, field, name, distance=errors), 1.0
        )  # fmt: skip

    def containing(self, term: str, bits: Mapping[str, int]) -> Query:
        """Return a query for films with a term; a film's score is the sum of the bits of the fields containing it."""
        queries = [
            (Occur.Should, Query.const_score_query(self._exactly(field, term), float(bit)))
            for field, bit in bits.items()
            if self.count(field, term)
        ]
        return Query.boolean_query(queries)

    def filtered(self, query: Query, filters: Filters) -> Query:
        """Restrict a query to films that pass, with the same scores; agrees with ``Filters.mask``."""
        must = Occur.Must
        clauses = [(must, query)]
        clauses += [(must, Query.const_score_query(part, 0.0)) for part in self._conditions(filters)]
        if filters.not_genres:
            clauses.append((Occur.MustNot, self._genres(filters.not_genres)))
        return Query.boolean_query(clauses)

    def _clause(self, clause: Clause) -> Iterator[Query]:
        match clause:
            case WordClause():
                for field in clause.fields:
                    query = Query.term_query(self._schema, field, clause.term, index_option="freq")
                    yield Query.boost_query(query, TEXT_FIELDS[field])
            case NameClause():
                yield Query.const_score_query(self._exactly(clause.field, clause.name), clause.score)
            case Near():
                query = Query.fuzzy_term_query(self._schema, clause.field, clause.text, distance=clause.distance)
                yield Query.const_score_query(query, clause.score)

    def _exactly(self, field: str, name: str) -> Query:
        return Query.term_query(self._schema, field, name, index_option="basic")

    def _conditions(self, filters: Filters) -> Iterator[Query]:
        if filters.genres:
            yield self._genres(filters.genres)
        if filters.year_from is not None or filters.year_to is not None:
            yield self._range("year", filters.year_from, filters.year_to)
        if filters.runtime_to is not None:
            yield self._range("runtime", None, filters.runtime_to)
        if filters.languages:
            yield Query.term_set_query(self._schema, "language", list(filters.languages))
        if filters.min_votes:
            yield self._range("votes", filters.min_votes, None)
        if filters.rows is not None:
            yield Query.term_set_query(self._schema, "row", list(filters.rows))

    def _genres(self, mask: int) -> Query:
        numbers = [number for number in range(len(GENRES)) if mask >> number & 1]
        return Query.term_set_query(self._schema, "genre", numbers)

    def _range(self, field: str, lowest: int | None, highest: int | None) -> Query:
        return Query.range_query(
            self._schema, field, FieldType.Integer, _representable(lowest), _representable(highest)
        )  # fmt: skip


def _representable(bound: int | None) -> int | None:
    return None if bound is None else max(-_LARGEST, min(_LARGEST, bound))
