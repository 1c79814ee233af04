"""Looking up films by title and year, and the columns of facts."""

import pytest

from data_jobs.evaluate.panel.facts import FactColumns, holding, is_film, plain
from tests.builders import make_catalogue
from tests.data_jobs.evaluate.panel import cinema


@pytest.mark.parametrize(
    ("film", "row"),
    [
        ("Alien (1979)", 0),
        ("alien (1979)", 0),
        ("Alien (1980)", 0),  # sources differ by a year or two
        ("Alien (1985)", -1),
        ("Star Wars (1977)", -1),
        ("Star Wars / Star Wars: Episode IV - A New Hope (1977)", 2),
        ("Le fabuleux destin d'Amelie Poulain (2001)", 4),
        ("Dawn of the Dead (1978)", 5),
        ("Dawn of the Dead (2004)", 6),
        ("Jazz Singer (1927)", 8),
        ("Untold (2000)", -1),
        ("Casablanca (1942)", -1),
    ],
)
def test_a_film_is_found_by_title_and_year(film, row):
    assert cinema.facts().row_of(film) == row


def test_a_title_without_a_year_is_rejected():
    assert not is_film("Alien")
    assert not is_film("(1979)")
    with pytest.raises(ValueError, match='write "Title \\(year\\)"'):
        cinema.facts().row_of("Alien")


def test_missing_films_are_left_out_of_a_list():
    assert cinema.facts().rows_of(["Fargo (1996)", "Casablanca (1942)", "Alien (1979)"]).tolist() == [7, 0]


def test_titles_are_compared_without_article_accents_and_case():
    assert plain("The Café") == plain("a CAFE") == "cafe"
    assert plain("Theodora") == "theodora"


def test_an_entry_matches_as_a_whole_between_bars():
    assert holding(["| joel coen | ethan coen |", "| joel coens |"], ["| joel coen |"]).tolist() == [True, False]


def test_empty_details_are_no_error():
    facts = FactColumns(make_catalogue(9))
    assert len(facts) == 9
    assert set(facts.languages.tolist()) == {"en", "fr", "ja", ""}
    assert not facts.runtimes.any()
