"""From what is asked for to OpenSearch's query language. Words go into ``match`` clauses only: none has a syntax."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.adapters.search.schema import TEXT_FIELDS
from services.adapters.search.wording import Clause, Name, Near, Word
from services.recommender.domain.filters import Filters
from services.recommender.domain.genres import from_mask

Query = dict[str, Any]

# Where the embedded index and this one call a field by different names.
_FIELDS = {
    "genres": "genres.text",
    "name": "title.name",
    "other_name": "other_names",
    "director": "directors",
    "person": "people.name",
}
_LARGEST = 2**31 - 1
# A vector's parts to a millionth: a cosine moves by less than a hundred-thousandth, and the request is half as long.
_DECIMALS = 6


def text_query(clauses: Iterable[Clause], scale: float) -> Query:
    """Films that meet any of the clauses; ``scale`` brings BM25 to the scale of the constants."""
    wanted = list(clauses)
    found = [_constant(clause) for clause in wanted if not isinstance(clause, Word)]
    with_overview = [each for each in wanted if isinstance(each, Word) and "overview" in each.fields]
    without = [each for each in wanted if isinstance(each, Word) and "overview" not in each.fields]
    for group, fields in ((with_overview, tuple(TEXT_FIELDS)), (without, _all_but("overview"))):
        if group:
            found.append(_words(group, fields, scale))
    return {"bool": {"should": found, "minimum_should_match": 1}}


def vector_query(vectors: NDArray[np.float32], size: int, filters: Filters) -> Query:
    """The ``size`` films nearest to any of the unit vectors float32[q, dims]; a film's score is that of the nearest.

    The filter is part of the search, so that ``size`` films that pass are found, not those among ``size``.
    """
    condition = {} if filters.is_empty else {"filter": filter_query(filters)}
    parts = np.round(vectors.astype(np.float64), _DECIMALS).tolist()
    nearest = [{"knn": {"embedding": {"vector": vector, "k": size, **condition}}} for vector in parts]
    return {"dis_max": {"queries": nearest}}


def filtered(query: Query, filters: Filters) -> Query:
    """The same query and the same scores, only for films that pass."""
    return {"bool": {"must": query, "filter": filter_query(filters)}}


def filter_query(filters: Filters) -> Query:
    """Films that pass; agrees with ``Filters.mask``."""
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
        # At most 10,000 of the 65,536 that index.max_terms_count allows.
        must.append({"terms": {"row": list(filters.rows)}})
    unwanted = [{"terms": {"genres": list(from_mask(filters.not_genres))}}] if filters.not_genres else []
    return {"bool": {"filter": must, "must_not": unwanted}}


def search_body(queries: Iterable[tuple[Query, int]]) -> str:
    """The body of an ``_msearch``: (query, hits) each, newline-delimited JSON.

    Hits are sorted by score, then row: the row then stands in the hit, and neither the document nor a field of it has
    to be fetched; and ties are in the order of rows, also where the list is cut.
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


def _words(group: list[Word], fields: Iterable[str], scale: float) -> Query:
    """BM25 of the words, summed over the fields; fields that lack a word add nothing."""
    weighted = [f"{_FIELDS.get(field, field)}^{TEXT_FIELDS[field]:g}" for field in fields]
    text = " ".join(each.word for each in group)
    return {"multi_match": {"query": text, "fields": weighted, "type": "most_fields", "boost": scale}}


def _constant(clause: Name | Near) -> Query:
    field = _FIELDS.get(clause.field, clause.field)
    if isinstance(clause, Name):
        condition: Query = {"term": {field: clause.name}}
    else:
        condition = {
            "fuzzy": {field: {"value": clause.text, "fuzziness": clause.distance, "rewrite": "constant_score"}}
        }
    return {"constant_score": {"filter": condition, "boost": clause.score}}


def _all_but(field: str) -> tuple[str, ...]:
    return tuple(each for each in TEXT_FIELDS if each != field)


def _bounds(lowest: int | None, highest: int | None) -> dict[str, int]:
    """A range with bounds that fit an ``integer`` field; no film lies beyond."""
    bounds = {"gte": lowest, "lte": highest}
    return {end: max(-_LARGEST, min(_LARGEST, value)) for end, value in bounds.items() if value is not None}
