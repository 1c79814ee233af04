# ruff: noqa: RUF001
import pytest

from services.recommender.domain.events import EventKind
from services.recommender.domain.imported_history import ImportedRow
from services.recommender.names.row_matching import How, Matcher
from tests.recommender.names.cinema import FILMS, Known, finder_of

MATCHER = Matcher(finder_of())


def told(
    title: str, year: int | None = None, *others: str, ids: tuple[str, ...] = (), ts_ms: int | None = None
) -> ImportedRow:
    return ImportedRow("x.csv, line 2", (title, *others), year, EventKind.WATCH, 1.0, ts_ms, ids)


def film(row: ImportedRow) -> str | None:
    at = MATCHER.match(row).row
    return f"{FILMS[at].title} ({FILMS[at].year})" if at >= 0 else None


@pytest.mark.parametrize(
    ("title", "year", "expected"),
    [
        ("Heat", 1995, "Heat (1995)"), ("HEAT", 1996, "Heat (1995)"), ("Heat (1995)", None, "Heat (1995)"),
        ("Matrix, The", 1999, "The Matrix (1999)"), ("La Haine", 1995, "Hate (1995)"),
        ("七人の侍", 1954, "Seven Samurai (1954)"), ("Сталкер", 1979, "Stalker (1979)"),
        ("Schindler’s List", 1993, "Schindler's List (1993)"), ("Wall-E", 2008, "WALL·E (2008)"),
        ("The Illusionist", 2006, "The Illusionist (2006)"), ("The Illusionist", 2010, "The Illusionist (2010)"),
        ("Star Wars", 1977, "Star Wars: Episode IV - A New Hope (1977)"), ("Rocky 2", 1979, "Rocky II (1979)"),
        ("M: A City Hunts a Murderer", 1931, "M (1931)"), ("Blade Runer 2049", 2017, "Blade Runner 2049 (2017)"),
        ("Nine", 2009, "Nine (2009)"), ("9", 2009, "9 (2009)"), ("It", 1990, "It (1990)"),
        ("8 1/2", 1963, "8½ (1963)"), ("Amelie", 2001, "Amélie (2001)"),
    ],
)  # fmt: skip
def test_the_same_film_however_it_is_written(title, year, expected):
    assert film(told(title, year)) == expected


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Heat", 1972), ("Heat", 1986), ("Hero", 1992), ("Akira Kurosawa", 1985), ("Blade Runner 2048", 2017),
        ("Rocky III", 1982), ("Seven Sa", 1999), ("", 1999), ("!!!", 1999), ("Memento Mori", 1999), ("Ran", 1988),
    ],
)  # fmt: skip
def test_another_film_is_not_taken_for_it(title, year):
    assert film(told(title, year)) is None


def test_an_id_says_it_whatever_the_title():
    assert film(told("Anything", 2020, ids=("tt0113277",))) == "Heat (1995)"
    assert film(told("", None, ids=("tmdb:603",))) == "The Matrix (1999)"
    assert MATCHER.match(told("Anything", 2020, ids=("tmdb:949",))).how is How.ID


def test_a_film_with_another_id_is_another_film():
    assert film(told("Heat", 1995, ids=("tt9999999",))) is None
    assert film(told("Her", 2013, ids=("tt9999999",))) == "Her (2013)"  # the catalogue has no id of it


def test_the_other_title_of_a_row_is_tried_too():
    assert film(told("Die Verlockung", 1954, "Shichinin no samurai")) == "Seven Samurai (1954)"


def test_two_films_of_a_name_and_year_are_left_to_the_person():
    matcher = Matcher(finder_of((Known("Emma", 1996), Known("Emma", 1996), Known("Heat", 1995))))
    match = matcher.match(told("Emma", 1996))
    assert (match.row, match.candidates) == (-1, (0, 1))


def test_two_entries_of_one_film_are_one():
    matcher = Matcher(finder_of((Known("Emma", 1996, tmdb_id=7), Known("Emma", 1996, tmdb_id=7))))
    assert matcher.match(told("Emma", 1996)).row == 0


def test_without_a_year_the_only_film_of_the_name_or_by_far_the_best_known():
    assert film(told("Heat")) == "Heat (1995)"
    assert film(told("Cape Fear")) is None
    assert len(MATCHER.match(told("Cape Fear")).candidates) == 2
    assert film(told("Her", ts_ms=1_000_000_000_000)) is None  # seen in 2001, when it was not there


def test_without_a_year_an_article_tells_two_films_apart():
    matcher = Matcher(finder_of((Known("Heat", 1995), Known("The Heat", 2013))))
    assert (matcher.match(told("Heat")).row, matcher.match(told("The Heat")).row) == (0, 1)
    other = Matcher(finder_of((Known("Heat", 1995), Known("Dogs' Heat", 1990, ("Heat",)))))
    assert other.match(told("Heat")).candidates == (0, 1)


def test_a_part_of_a_title_with_a_number_behind_it_is_not_sure():
    matcher = Matcher(finder_of((Known("Che", 2008),)))
    match = matcher.match(told("Che: Part Two", 2008))
    assert (match.row, match.candidates) == (-1, (0,))


def test_a_longer_title_is_not_sure_where_films_of_the_very_name_are_known():
    matcher = Matcher(finder_of((Known("Pinocchio: A True Story", 2022), Known("Pinocchio", 1940))))
    match = matcher.match(told("Pinocchio", 2022))
    assert (match.row, match.candidates) == (-1, (0, 1))
    assert film(told("The Matrix", 2003)) is None
    alone = Matcher(finder_of((Known("Star Wars: Episode V - The Empire Strikes Back", 1980),)))
    assert alone.match(told("Star Wars", 1980)).how is How.PART


def test_candidates_for_what_is_not_there():
    rows = MATCHER.candidates(told("Cape Fear"))
    assert {FILMS[row].title for row in rows} == {"Cape Fear"}
    assert MATCHER.candidates(told("Cape Fear", 2030)) == ()
    assert [FILMS[row].year for row in MATCHER.candidates(told("Cape Fear", 1964))] == [1962]
