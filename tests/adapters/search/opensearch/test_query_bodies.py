"""Query bodies: clauses, fields and filters; query text is never parsed as syntax."""

import json

import numpy as np
import pytest

from services.adapters.search.opensearch.query_bodies import (
    filter_query,
    filtered,
    search_body,
    text_query,
    vector_query,
)
from services.adapters.search.wording import NameClause, Near, WordClause
from services.recommender.domain.filters import NO_FILTERS, Filters
from services.recommender.domain.genres import to_mask

EVERYTHING = Filters(
    genres=to_mask(["Drama", "War"]), not_genres=to_mask(["Horror"]), year_from=1990, year_to=2000, runtime_to=120,
    languages=("en", "fr"), min_votes=50, rows=(3, 8),
)  # fmt: skip
VECTORS = np.array([[0.6, 0.8], [1.0, 0.0]], np.float32)


def should(*clauses):
    return text_query(clauses, 2.2)["bool"]["should"]


def test_words_are_matched_in_all_fields_at_once():
    (query,) = should(
        WordClause("heat", "heat", ("title", "overview")), WordClause("mann", "mann", ("overview", "people"))
    )
    assert query["multi_match"] == {
        "query": "heat mann",
        "fields": ["title^2", "overview^1", "genres.text^1", "keywords^1", "people^1", "aka^1"],
        "type": "most_fields",
        "boost": 2.2,
    }


def test_common_words_leave_the_overview_out():
    rare, common = should(WordClause("heat", "heat", ("overview",)), WordClause("man", "man", ("title",)))
    assert rare["multi_match"]["query"] == "heat"
    assert common["multi_match"]["query"] == "man"
    assert "overview^1" not in common["multi_match"]["fields"]


def test_names_have_constant_scores_in_their_own_fields():
    queries = should(
        NameClause("name", "heat", 60.0), NameClause("other_name", "heat", 35.0), NameClause("person", "mann", 15.0)
    )
    assert [query["constant_score"]["filter"]["term"] for query in queries] == [
        {"title.name": "heat"},
        {"other_names": "heat"},
        {"people.name": "mann"},
    ]
    assert [query["constant_score"]["boost"] for query in queries] == [60.0, 35.0, 15.0]


def test_near_misses_allow_this_many_errors():
    (query,) = should(Near("title", "matrx", 2, 4.0))
    fuzzy = query["constant_score"]["filter"]["fuzzy"]["title"]
    assert (fuzzy["value"], fuzzy["fuzziness"]) == ("matrx", 2)
    assert query["constant_score"]["boost"] == 4.0


def test_query_text_is_not_parsed_as_syntax():
    text = json.dumps(text_query([WordClause('"a" OR b*', "x", ("title",)), NameClause("name", "n~9", 1.0)], 1.0))
    assert "query_string" not in text


def test_each_vector_is_a_search_and_the_best_score_counts():
    query = vector_query(VECTORS, 200, NO_FILTERS)
    parts = [part["knn"]["embedding"] for part in query["dis_max"]["queries"]]
    assert parts == [{"vector": [0.6, 0.8], "k": 200}, {"vector": [1.0, 0.0], "k": 200}]


def test_the_filter_is_inside_the_vector_search():
    query = vector_query(VECTORS[:1], 10, EVERYTHING)
    assert query["dis_max"]["queries"][0]["knn"]["embedding"]["filter"] == filter_query(EVERYTHING)


def test_all_conditions():
    query = filter_query(EVERYTHING)["bool"]
    assert query["filter"] == [
        {"terms": {"genres": ["Drama", "War"]}},
        {"range": {"year": {"gte": 1990, "lte": 2000}}},
        {"range": {"runtime": {"lte": 120}}},
        {"terms": {"language": ["en", "fr"]}},
        {"range": {"votes": {"gte": 50}}},
        {"terms": {"row": [3, 8]}},
    ]
    assert query["must_not"] == [{"terms": {"genres": ["Horror"]}}]


@pytest.mark.parametrize(("bound", "sent"), [(2**70, 2**31 - 1), (-(2**70), -(2**31) + 1), (5, 5)])
def test_bounds_fit_the_field(bound, sent):
    assert filter_query(Filters(year_from=bound))["bool"]["filter"] == [{"range": {"year": {"gte": sent}}}]


def test_a_filter_adds_nothing_to_the_score():
    query = text_query([NameClause("name", "heat", 60.0)], 1.0)
    both = filtered(query, Filters(min_votes=1))["bool"]
    assert both["must"] == query
    assert both["filter"] == filter_query(Filters(min_votes=1))


def test_the_body_has_an_empty_header_and_a_line_per_search():
    lines = search_body([({"match_all": {}}, 10), ({"match_none": {}}, 1_000)]).split("\n")
    assert lines[0] == lines[2] == "{}"
    assert lines[4] == ""
    first, second = json.loads(lines[1]), json.loads(lines[3])
    assert (first["size"], second["size"]) == (10, 1_000)
    assert first["sort"] == ["_score", {"row": "asc"}]
    assert first["stored_fields"] == "_none_", "neither documents nor vectors are returned"


def test_special_characters_are_preserved():
    (line,) = [line for line in search_body([({"match": {"title": 'é"\n\\'}}, 1)]).split("\n") if "match" in line]
    assert json.loads(line)["query"]["match"]["title"] == 'é"\n\\'
