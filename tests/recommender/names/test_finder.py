# ruff: noqa: RUF001
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.names.finder import readings_of
from tests.recommender.names.cinema import FILMS, finder_of

FINDER = finder_of()


def find(text: str, limit: int = 8) -> list[str]:
    return [f"{FILMS[row].title} ({FILMS[row].year})" for row in FINDER.find(text, limit).tolist()]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("M", "M (1931)"), ("It", "It (2017)"), ("Her", "Her (2013)"), ("her", "Her (2013)"),
        ("Heat (1995)", "Heat (1995)"), ("Se7en", "Seven (1995)"), ("La Haine", "Hate (1995)"),
        ("Haine, La", "Hate (1995)"), ("Matrix, The", "The Matrix (1999)"), ("matrix", "The Matrix (1999)"),
        ("Shichinin no samurai", "Seven Samurai (1954)"), ("七人の侍", "Seven Samurai (1954)"),
        ("七人", "Seven Samurai (1954)"), ("乱", "Ran (1985)"), ("amelie", "Amélie (2001)"),
        ("AME\u0301LIE", "Amélie (2001)"), ("Сталкер", "Stalker (1979)"), ("wall-e", "WALL·E (2008)"),
        ("walle", "WALL·E (2008)"), ("Cape Fear", "Cape Fear (1991)"), ("Cape Fear 1962", "Cape Fear (1962)"),
        ("1962 cape fear", "Cape Fear (1962)"), ("cape fear 196", "Cape Fear (1962)"), ("it 1990", "It (1990)"),
        ("Heat 1996", "Heat (1995)"), ("blade runner 2049", "Blade Runner 2049 (2017)"), ("8 1/2", "8½ (1963)"),
        ("rocky 2", "Rocky II (1979)"), ("star wars", "Star Wars: Episode IV - A New Hope (1977)"),
        ("starwars", "Star Wars: Episode IV - A New Hope (1977)"), ("schindlers list", "Schindler's List (1993)"),
        ("Schindler’s", "Schindler's List (1993)"), ("kurosawa", "Seven Samurai (1954)"),
        ("Akira Kurosawa", "Seven Samurai (1954)"), ("christopher nol", "Inception (2010)"),
        ("keanu matrix", "The Matrix (1999)"), ("a new hope", "Star Wars: Episode IV - A New Hope (1977)"),
        ("nine", "Nine (2009)"), ("9", "9 (2009)"), ("illusionniste", "The Illusionist (2010)"),
    ],
)  # fmt: skip
def test_the_first_film_for_a_query(typed, first):
    assert find(typed)[0] == first


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("seven samuri", "Seven Samurai (1954)"), ("sevn samuri", "Seven Samurai (1954)"),
        ("inseption", "Inception (2010)"), ("the matirx", "The Matrix (1999)"), ("haet", "Heat (1995)"),
        ("star wrs", "Star Wars: Episode IV - A New Hope (1977)"), ("kurosowa", "Seven Samurai (1954)"),
        ("schindlrs lst", "Schindler's List (1993)"), ("blade runer 1982", "Blade Runner (1982)"),
        ("stalkre", "Stalker (1979)"), ("illusonist 2010", "The Illusionist (2010)"),
    ],
)  # fmt: skip
def test_one_or_two_typing_errors_are_tolerated(typed, first):
    assert find(typed)[0] == first


def test_an_exact_title_comes_before_better_known_longer_titles():
    assert find("it") == ["It (2017)", "It (1990)", "It's a Wonderful Life (1946)"]
    assert find("her") == ["Her (2013)", "Hero (2002)"]


def test_a_year_orders_films_of_a_name_and_removes_none():
    assert find("Cape Fear (1962)") == ["Cape Fear (1962)", "Cape Fear (1991)"]
    assert find("Cape Fear (1977)") == ["Cape Fear (1991)", "Cape Fear (1962)"]


def test_films_of_a_director_are_found_by_last_name_best_known_first():
    assert find("Kurosawa") == ["Seven Samurai (1954)", "Ran (1985)"]
    assert find("nolan") == ["Inception (2010)", "Memento (2000)"]


@pytest.mark.parametrize("typed", ["", "  ", "!", "\n", "zzzqqq", "\ud800", "🤖", "xyzxyzxyzxyz" * 40, "(1995)x("])
def test_queries_without_a_name_find_nothing(typed):
    assert find(typed) == []


def test_a_smaller_limit_gives_a_prefix():
    whole = find("the", 20)
    assert len(whole) > 3
    assert find("the", 2) == whole[:2]
    assert FINDER.find("the", 3).dtype == np.int32


@given(st.sampled_from(FILMS), st.integers(1, 40))
def test_a_film_is_found_by_any_beginning_of_its_title(film, letters):
    rows = FINDER.find(film.title[:letters], len(FILMS)).tolist()
    assert film.title in [FILMS[row].title for row in rows]


@given(st.text(max_size=40))
def test_no_query_finds_a_film_twice(typed):
    rows = FINDER.find(typed, 10).tolist()
    assert len(set(rows)) == len(rows) <= 10


def test_an_empty_catalogue_finds_nothing():
    assert finder_of(()).find("heat", 5).tolist() == []


def test_a_number_that_cannot_be_a_year_is_a_word():
    assert [reading.year_from for reading in readings_of("district 9")] == [0]
    assert [(reading.words, reading.year_from) for reading in readings_of("Heat (1995)")] == [
        (["heat", "1995"], 0),
        (["heat"], 1995),
    ]
    assert [(reading.year_from, reading.year_to) for reading in readings_of("cape fear 19")][1] == (1900, 1999)
