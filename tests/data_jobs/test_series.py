"""Series are recognised by titles, precisely rather than completely."""

import pytest

from data_jobs.catalogue import build_catalogue
from data_jobs.evaluate.series import series
from data_jobs.records import Events, Film
from data_jobs.series import DatedTitle, find_series, root_of


@pytest.mark.parametrize(
    ("title", "root"),
    [
        ("Rocky III", "rocky"),
        ("Toy Story 2", "toy story"),
        ("The Godfather: Part II", "godfather"),
        ("The Karate Kid, Part II", "karate kid"),
        ("Kill Bill: Vol. 1", "kill bill"),
        ("Terminator 2: Judgment Day", "terminator"),
        ("Home Alone 2: Lost in New York", "home alone"),
        ("Star Wars: Episode IV - A New Hope", "star wars"),
        ("The Lord of the Rings: The Two Towers", "lord of the rings"),
        ("Hot Shots! Part Deux", "hot shots"),
        ("Airplane II: The Sequel", "airplane"),
    ],
)
def test_the_root_of_a_sequel(title, root):
    result = root_of(title)
    assert result is not None
    assert result.lower().removeprefix("the ").rstrip("!") == root


@pytest.mark.parametrize(
    "title", ["Heat", "Apollo 13", "2001: A Space Odyssey", "Se7en", "Malcolm X", "12 Angry Men", "Alien: Resurrection"]
)
def test_other_titles_have_no_root(title):
    assert root_of(title) is None


def series_of(*films: tuple[str, int | None]) -> list[set[str]]:
    catalogue = build_catalogue([Film(str(at), title, year) for at, (title, year) in enumerate(films)], Events.empty())
    shown = [f"{catalogue.titles[row]} {catalogue.years[row]}" for row in range(len(catalogue))]
    return [{shown[row] for row in rows} for rows in series(catalogue)]


def test_a_film_and_its_sequels():
    films = (("Rocky", 1976), ("Rocky III", 1982), ("Rocky II", 1979), ("Heat", 1995))
    assert series_of(*films) == [{"Rocky 1976", "Rocky II 1979", "Rocky III 1982"}]


def test_a_last_part_in_two_parts_belongs_to_the_series():
    potter = ("Harry Potter and the Order of the Phoenix", "Harry Potter and the Deathly Hallows: Part 1",
              "Harry Potter and the Deathly Hallows: Part 2")  # fmt: skip
    games = ("The Hunger Games", "The Hunger Games: Catching Fire", "The Hunger Games: Mockingjay - Part 1",
             "The Hunger Games: Mockingjay - Part 2")  # fmt: skip
    films = [(title, 2007 + at) for at, title in enumerate((*potter, *games))]
    shown = [f"{title} {year}" for title, year in films]
    assert sorted(series_of(*films), key=len) == [set(shown[:3]), set(shown[3:])]


def test_an_article_and_a_word_are_no_series():
    films = (("The Princess and the Pirate", 1944), ("The Princess and the Frog", 2009), ("Ghost", 1990),
             ("The Ghost and the Darkness", 1996))  # fmt: skip
    assert series_of(*films) == []


def test_numbered_films_without_a_first():
    assert series_of(("Kill Bill: Vol. 1", 2003), ("Kill Bill: Vol. 2", 2004)) == [
        {"Kill Bill: Vol. 1 2003", "Kill Bill: Vol. 2 2004"}
    ]


def test_a_remake_is_not_the_film_that_the_sequel_follows():
    assert series_of(("Psycho", 1998), ("Psycho", 1960), ("Psycho II", 1983)) == [{"Psycho 1960", "Psycho II 1983"}]


def test_remakes_alone_are_no_series():
    assert series_of(("Hamlet", 1948), ("Hamlet", 1990)) == []


def test_a_sequel_whose_first_film_is_not_there_is_alone():
    assert series_of(("Gremlins 2: The New Batch", 1990), ("Heat", 1995)) == []


def test_a_namesake_of_another_generation_is_not_the_first_film():
    assert series_of(("Titanic", 1953), ("Titanic II", 2010)) == []


def test_a_film_is_in_at_most_one_series():
    groups = series_of(
        ("Star Trek: Nemesis", 2002), ("Star Trek: Generations", 1994), ("Star Trek II: The Wrath of Khan", 1982)
    )
    assert sum(map(len, groups)) == len(set().union(*groups)) == 3


def test_years_may_be_unknown():
    assert series_of(("Rocky II", None), ("Rocky III", None)) == [{"Rocky II 0", "Rocky III 0"}]


def test_two_words_before_and_the_make_a_series():
    assert series_of(
        ("Harry Potter and the Goblet of Fire", 2005), ("Harry Potter and the Chamber of Secrets", 2002)
    ) == [{"Harry Potter and the Chamber of Secrets 2002", "Harry Potter and the Goblet of Fire 2005"}]
    assert series_of(("Beauty and the Beast", 1991), ("Beauty and the Beat", 2000)) == []


def test_a_series_is_named_as_its_titles_spell_it_and_ordered_by_year():
    films = [
        DatedTitle("Star Wars: Episode V - The Empire Strikes Back", 1980),
        DatedTitle("Star Wars: Episode IV", 1977),
    ]
    assert find_series(films) == [("Star Wars", (1, 0))]


def test_a_series_named_by_the_source_precedes_the_title():
    films = [
        DatedTitle("Alien", 1979, "Alien Collection"),
        DatedTitle("Aliens", 1986, "Alien Collection"),
        DatedTitle("Aliens", 1990),
    ]
    assert find_series(films) == [("Alien", (0, 1))]
