"""Translation to OpenSearch's query language. Words go only into ``match`` clauses, which have no syntax."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.adapters.search.schema import TEXT_FIELDS
from services.adapters.search.wording import Clause, NameClause, Near, WordClause
from services.recommender.domain.filters import Filters
from services.recommender.domain.genres import from_mask

Query = dict[str, Any]

# Field names that differ from the embedded index.
_FIELDS = {
    "genres": "genres.text",
    "name": "title.name",
    "other_name": "other_names",
    "director": "directors",
    "person": "people.name",
}
_LARGEST = 2**31 - 1
# Vectors rounded to a millionth: cosines change by less than a hundred-thousandth, and requests are half as long.
_DECIMALS = 6


def text_query(clauses: Iterable[Clause], scale: float) -> Query:
    """Return a query for films that meet any clause; ``scale`` adjusts BM25 to the scale of the constants."""
    all_clauses = list(clauses)
    should = [_constant(clause) for clause in all_clauses if not isinstance(clause, WordClause)]
    with_overview = [each for each in all_clauses if isinstance(each, WordClause) and "overview" in each.fields]
    without = [each for each in all_clauses if isinstance(each, WordClause) and "overview" not in each.fields]
    for group, fields in ((with_overview, tuple(TEXT_FIELDS)), (without, _all_but("overview"))):
        if group:
            should.append(_words(group, fields, scale))
    return {"bool": {"should": should, "minimum_should_match": 1}}


def vector_query(vectors: NDArray[np.float32], size: int, filters: Filters) -> Query:
    """Return a query for the ``size`` films nearest to any of the unit vectors float32[q, dims], scored by the nearest.

    The filter is part of the search, so that ``size`` films that pass are found, not those among ``size``.
    """
    condition = {} if filters.is_empty else {"filter": filter_query(filters)}
    parts = np.round(vectors.astype(np.float64), _DECIMALS).tolist()
    nearest = [{"knn": {"embedding": {"vector": vector, "k": size, **condition}}} for vector in parts]
    return {"dis_max": {"queries": nearest}}


def filtered(query: Query, filters: Filters) -> Query:
    """Restrict a query to films that pass, with the same scores."""
    return {"bool": {"must": query, "filter": filter_query(filters)}}


def filter_query(filters: Filters) -> Query:
    """Return a query for films that pass; agrees with ``Filters.mask``."""
    must: list[Query] = []
    if filters.genres:
        must.append({"terms": {"genres": list(from_mask(filters.genres))}})
    if filters.year_from is not None or filters.year_to is not None:
        must.append({"range": {"year": _bounds(filters.year_from, filters.year_to)}})
    if filters.runtime_to is not None:
        must.append({"range": {"runtime": _bounds(None, filters.runtime_to)}})
    if filters.languages:
        must.append({"terms": {"language": list(filters.languages)}})
    if filters.min_votes:
        must.append({"range": {"votes": _bounds(filters.min_votes, None)}})
    if filters.rows is not None:
        # At most 10,000 of the 65,536 allowed by index.max_terms_count.
        must.append({"terms": {"row": list(filters.rows)}})
    unwanted = [{"terms": {"genres": list(from_mask(filters.not_genres))}}] if filters.not_genres else []
    return {"bool": {"filter": must, "must_not": unwanted}}


def search_body(queries: Iterable[tuple[Query, int]]) -> str:
    """Return the body of an ``_msearch`` for (query, hits) pairs, as newline-delimited JSON.

    Hits are sorted by score, then row, so the row is part of the hit and nothing needs to be fetched; ties are in the
    order of rows, also at the cut.
    """
    lines = []
    for query, size in queries:
        search = {
            "query": query,
            "size": size,
            "sort": ["_score", {"row": "asc"}],
            "stored_fields": "_none_",
            "track_total_hits": False,
        }
        lines.append("{}\n" + json.dumps(search, separators=(",", ":")) + "\n")
    return "".join(lines)


def _words(group: list[WordClause], fields: Iterable[str], scale: float) -> Query:
    """Return BM25 of the words, summed over the fields; fields without a word add nothing."""
    weighted = [f"{_FIELDS.get(field, field)}^{TEXT_FIELDS[field]:g}" for field in fields]
    text = " ".join(each.word for each in group)
    return {"multi_match": {"query": text, "fields": weighted, "type": "most_fields", "boost": scale}}


def _constant(clause: NameClause | Near) -> Query:
    field = _FIELDS.get(clause.field, clause.field)
    if isinstance(clause, NameClause):
        condition: Query = {"term": {field: clause.name}}
    else:
        condition = {
            "fuzzy": {field: {"value": clause.text, "fuzziness": clause.distance, "rewrite": "constant_score"}}
        }
    return {"constant_score": {"filter": condition, "boost": clause.score}}


def _all_but(field: str) -> tuple[str, ...]:
    return tuple(each for each in TEXT_FIELDS if each != field)


def _bounds(lowest: int | None, highest: int | None) -> dict[str, int]:
    """Return a range with bounds that fit an ``integer`` field; no film is beyond."""
    bounds = {"gte": lowest, "lte": highest}
    return {end: max(-_LARGEST, min(_LARGEST, value)) for end, value in bounds.items() if value is not None}
