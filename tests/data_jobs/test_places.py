"""Places that keywords and overviews name."""

import pytest

from data_jobs.catalogue import build_catalogue
from data_jobs.places import PLACE_OF_PEOPLE, Places
from data_jobs.records import Events, Film
from services.recommender.domain.catalogue import TraitKind

TOWNS = Film("towns", "Towns", keywords=("Dublin, Ireland", "york, england", "new york, usa", "bogart, indiana"))


def named(overview: str = "", *keywords: str) -> list[str]:
    film = Film("x", "X", overview=overview, keywords=keywords)
    return Places.of([TOWNS, film]).named_by(film)


@pytest.mark.parametrize(
    ("overview", "places"),
    [
        ("A widow returns to Dublin.", ["dublin"]),
        ("Dublin, 1916: a clerk takes up arms.", ["dublin"]),
        ("In Dublin's back streets, an Irish boxer trains.", ["dublin", "ireland"]),
        ("Two Australians cross New Zealand with a M\u0101ori guide.", ["australia", "new zealand"]),
        ("From New York to York.", ["new york", "york"]),
        ("A war between Soviet and Polish officers.", ["russia", "poland"]),
        ("The dublin of his dreams is a turkish bath.", []),
        ("Indiana Jones meets Humphrey Bogart.", []),
        ("", []),
    ],
)
def test_an_overview_names_places_by_themselves_or_by_their_people(overview, places):
    assert named(overview) == places


def test_each_part_of_a_keyword_with_a_comma_is_a_place_and_so_is_the_country_of_a_people():
    assert named("", "dublin, ireland", "irish mob", "heist") == ["dublin", "ireland"]


def test_a_place_is_named_once():
    assert named("Dublin, and Dublin again.", "dublin, ireland") == ["dublin", "ireland"]


def test_a_place_is_a_keyword_that_two_films_can_share():
    films = [
        TOWNS,
        Film("a", "A", keywords=("ireland",)),
        Film("b", "B", overview="An Irish family emigrates."),
        Film("c", "C", overview="A family emigrates."),
    ]
    traits = build_catalogue(films, Events.empty()).traits
    ireland = list(traits.names).index("ireland")
    assert traits.kinds[ireland] == TraitKind.KEYWORD
    assert [row for row in range(4) if ireland in traits.of(row)] == [0, 1, 2]


def test_every_people_has_a_place():
    assert len(PLACE_OF_PEOPLE) > 80
    assert PLACE_OF_PEOPLE["irish"] == "ireland"
    assert all(place == place.strip().lower() and place for place in PLACE_OF_PEOPLE.values())
