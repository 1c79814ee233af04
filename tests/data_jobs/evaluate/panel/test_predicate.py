"""Statements about films, and their combinations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.evaluate.panel.predicate import PanelError, parse
from tests.data_jobs.evaluate.panel import cinema


def rows(table, named=None) -> list[int]:
    return np.flatnonzero(parse(table, named or {}).mask(cinema.facts())).tolist()


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"any_genre": "horror"}, [0, 5, 6]),
        ({"any_genre": ["Horror", "sci-fi"]}, [0, 1, 2, 3, 5, 6]),
        ({"all_genres": ["Horror", "Science Fiction"]}, [0]),
        ({"not_genres": ["Horror", "Science Fiction"]}, [4, 7, 8, 9]),
        ({"language": "fr"}, [4]),
        ({"language": ["fr", "en"]}, [0, 1, 2, 3, 4, 6, 7]),
        ({"director": "ethan coen"}, [7]),
        ({"director": "Coen"}, []),
        ({"cast": "Audrey Tautou"}, [4]),
        ({"keyword": "paris"}, [4]),
        ({"keyword": "par"}, []),
        ({"keyword": "zombie"}, [6]),
        ({"keyword": "zombie*"}, [5, 6]),
        ({"keyword": "singer"}, []),
        ({"about": "singer"}, [8]),
        ({"about": ["shopping mall", "shyness"]}, [4, 5]),
        ({"title_has": "new hope"}, [2]),
        ({"title_has": "fabuleux"}, [4]),
        ({"series": "star wars"}, [2, 3]),
        ({"series": "Alien"}, [0]),
        ({"series": "New Hope"}, []),
        ({"films": ["Alien (1979)", "Casablanca (1942)"]}, [0]),
        ({"year_from": 1996}, [4, 6, 7]),
        ({"year_to": 1977}, [2, 8]),
        ({"year_from": 1977, "year_to": 1979}, [0, 2, 5]),
        ({"runtime_to": 117}, [0, 7]),
        ({"runtime_from": 122}, [1, 4]),
        ({"any_genre": "Horror", "year_to": 1979}, [0, 5]),
        ({"any": [{"language": "fr"}, {"director": "Joel Coen"}]}, [4, 7]),
        ({"all": [{"any_genre": "Horror"}, {"any_genre": "Science Fiction"}]}, [0]),
        ({"any_genre": "Horror", "not": {"about": "zombie*"}}, [0]),
        ({"not": {"year_from": 1900}}, [9]),
    ],
)
def test_the_films_of_which_a_statement_is_true(table, expected):
    assert rows(table) == expected


def test_an_unknown_fact_fails():
    assert 9 not in rows({"any": [{"year_from": 0}, {"year_to": 3000}, {"runtime_from": 0}, {"runtime_to": 999}]})


def test_a_statement_may_refer_to_named_ones():
    named = {"zombies": parse({"about": "zombie*"}), "french": parse({"language": "fr"})}
    assert rows({"is": "zombies", "year_to": 1990}, named) == [5]
    assert rows({"is": ["zombies", "french"]}, named) == [4, 5, 6]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "expected a table of facts"),
        ("horror", "expected a table of facts"),
        ({"genra": "Horror"}, "genra: unknown fact; known are about, all, all_genres"),
        ({"any_genre": "Horor"}, "any_genre: unknown genre 'Horor'"),
        ({"any_genre": []}, "any_genre: expected a word or a list of words"),
        ({"director": 3}, "director: expected a word or a list of words, found 3"),
        ({"year_from": "1990"}, "year_from: expected a whole number, found '1990'"),
        ({"year_from": True}, "year_from: expected a whole number"),
        ({"films": "Alien"}, "films: expected \"Title \\(year\\)\", found 'Alien'"),
        ({"any": {"language": "fr"}}, "any: expected a list of tables"),
        ({"not": {}}, "expected a table of facts"),
        ({"is": "pixar"}, "no statement is named pixar"),
    ],
)
def test_a_faulty_statement_says_what_is_wrong(table, message):
    with pytest.raises(PanelError, match=message):
        parse(table)


facts = st.sampled_from(
    [
        {"any_genre": "Horror"},
        {"not_genres": "Comedy"},
        {"language": "en"},
        {"year_to": 1990},
        {"runtime_from": 120},
        {"about": "zombie*"},
        {"series": "Star Wars"},
    ]
)
tables = st.recursive(
    facts,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


@given(tables)
def test_not_inverts_a_statement(table):
    assert sorted(rows(table) + rows({"not": table})) == list(range(len(cinema.FILMS)))
    assert rows({"not": {"not": table}}) == rows(table)


@given(tables, tables)
def test_any_is_the_union_and_all_the_intersection(left, right):
    assert set(rows({"any": [left, right]})) == set(rows(left)) | set(rows(right))
    assert set(rows({"all": [left, right]})) == set(rows(left)) & set(rows(right))


@given(tables, tables)
def test_de_morgan(left, right):
    assert rows({"not": {"any": [left, right]}}) == rows({"all": [{"not": left}, {"not": right}]})


@given(tables)
def test_facts_in_one_table_must_all_hold(table):
    assert rows({"language": "en", "all": [table]}) == rows({"all": [{"language": "en"}, table]})
