# ruff: noqa: RUF001
import pytest

from services.recommender.domain.history import EventKind
from services.recommender.domain.imported_history import ImportedRow
from services.recommender.names.row_matching import How, Matcher
from tests.recommender.names.cinema import FILMS, NamedFilm, finder_of

MATCHER = Matcher(finder_of())


def row_of(
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
def test_spellings_of_a_title_match_the_same_film(title, year, expected):
    assert film(row_of(title, year)) == expected


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Heat", 1972), ("Heat", 1986), ("Hero", 1992), ("Akira Kurosawa", 1985), ("Blade Runner 2048", 2017),
        ("Rocky III", 1982), ("Seven Sa", 1999), ("", 1999), ("!!!", 1999), ("Memento Mori", 1999), ("Ran", 1988),
    ],
)  # fmt: skip
def test_other_films_do_not_match(title, year):
    assert film(row_of(title, year)) is None


def test_an_id_decides_whatever_the_title():
    assert film(row_of("Anything", 2020, ids=("tt0113277",))) == "Heat (1995)"
    assert film(row_of("", None, ids=("tmdb:603",))) == "The Matrix (1999)"
    assert MATCHER.match(row_of("Anything", 2020, ids=("tmdb:949",))).how is How.ID


def test_a_film_with_another_id_is_another_film():
    assert film(row_of("Heat", 1995, ids=("tt9999999",))) is None
    assert film(row_of("Her", 2013, ids=("tt9999999",))) == "Her (2013)"  # the catalogue has no id for it


def test_the_other_title_of_a_row_is_tried_too():
    assert film(row_of("Die Verlockung", 1954, "Shichinin no samurai")) == "Seven Samurai (1954)"


def test_two_films_of_the_same_title_and_year_are_left_to_the_person():
    matcher = Matcher(finder_of((NamedFilm("Emma", 1996), NamedFilm("Emma", 1996), NamedFilm("Heat", 1995))))
    match = matcher.match(row_of("Emma", 1996))
    assert (match.row, match.candidates) == (-1, (0, 1))


def test_two_entries_with_the_same_id_are_one_film():
    matcher = Matcher(finder_of((NamedFilm("Emma", 1996, tmdb_id=7), NamedFilm("Emma", 1996, tmdb_id=7))))
    assert matcher.match(row_of("Emma", 1996)).row == 0


def test_without_a_year_the_only_or_by_far_best_known_film_of_the_name_matches():
    assert film(row_of("Heat")) == "Heat (1995)"
    assert film(row_of("Cape Fear")) is None
    assert len(MATCHER.match(row_of("Cape Fear")).candidates) == 2
    assert film(row_of("Her", ts_ms=1_000_000_000_000)) is None  # watched in 2001, before it was made


def test_without_a_year_an_article_distinguishes_two_films():
    matcher = Matcher(finder_of((NamedFilm("Heat", 1995), NamedFilm("The Heat", 2013))))
    assert (matcher.match(row_of("Heat")).row, matcher.match(row_of("The Heat")).row) == (0, 1)
    ambiguous = Matcher(finder_of((NamedFilm("Heat", 1995), NamedFilm("Dogs' Heat", 1990, ("Heat",)))))
    assert ambiguous.match(row_of("Heat")).candidates == (0, 1)


def test_a_longer_title_with_a_part_number_is_uncertain():
    matcher = Matcher(finder_of((NamedFilm("Che", 2008),)))
    match = matcher.match(row_of("Che: Part Two", 2008))
    assert (match.row, match.candidates) == (-1, (0,))


def test_a_longer_title_is_uncertain_if_another_film_has_exactly_the_name():
    matcher = Matcher(finder_of((NamedFilm("Pinocchio: A True Story", 2022), NamedFilm("Pinocchio", 1940))))
    match = matcher.match(row_of("Pinocchio", 2022))
    assert (match.row, match.candidates) == (-1, (0, 1))
    assert film(row_of("The Matrix", 2003)) is None
    alone = Matcher(finder_of((NamedFilm("Star Wars: Episode V - The Empire Strikes Back", 1980),)))
    assert alone.match(row_of("Star Wars", 1980)).how is How.PART


def test_candidates_of_unmatched_rows():
    rows = MATCHER.candidates(row_of("Cape Fear"))
    assert {FILMS[row].title for row in rows} == {"Cape Fear"}
    assert MATCHER.candidates(row_of("Cape Fear", 2030)) == ()
    assert [FILMS[row].year for row in MATCHER.candidates(row_of("Cape Fear", 1964))] == [1962]
