"""Studios, which catalogues do not list: by the films tagged with them, their series and their directors."""

import pytest

from tests.recommender.query.cinema import film

FILMS = (
    film("Toy Story", 1995, "Animation, Comedy", "John Lasseter", keywords="pixar, toys"),
    film("Toy Story 2", 1999, "Animation, Comedy", "John Lasseter", keywords="pixar, toys"),
    film("Toy Story 3", 2010, "Animation, Comedy", "Lee Unkrich", keywords="toys"),
    film("Cars", 2006, "Animation, Comedy", "John Lasseter", keywords="race"),
    film("Lassie's Summer", 2005, "Drama", "John Lasseter", keywords="race"),
    film("Coco", 2017, "Animation, Family", "Lee Unkrich", keywords="guitar"),
    film("The Big Desk Lamp", 2009, "Documentary", "Ann Other", overview="How Pixar began."),
    film("Akira", 1988, "Animation", "Katsuhiro Otomo", keywords="motorcycle, race"),
    film("Steamboy", 2004, "Animation", "Katsuhiro Otomo", keywords="motorcycle, guitar"),
)
TAGGED = {"Toy Story", "Toy Story 2"}


@pytest.fixture(scope="module")
def studio(theatre_of):
    return theatre_of(FILMS)


def test_a_studio_means_its_tagged_films_their_series_and_others_of_their_directors(studio):
    assert studio.films("pixar movies", "keyword:pixar") == TAGGED | {"Toy Story 3", "Cars", "The Big Desk Lamp"}
    assert studio.condition("pixar movies", "keyword:pixar").text == "from Pixar or its directors"
    assert studio.understand("pixar movies").words == ()


@pytest.mark.parametrize("query", ["animation but not disney or pixar", "cartoons without pixar", "not by pixar"])
def test_to_exclude_a_studio_one_film_by_a_director_is_enough(studio, query):
    assert studio.films(query, "not:keyword:pixar") == {"Lassie's Summer", "Akira", "Steamboy"}


def test_a_studio_of_which_no_film_is_tagged_is_a_word(studio):
    understood = studio.understand("dreamworks race")
    assert understood.conditions == ()
    assert "dreamworks" in understood.words


def test_a_negated_series_includes_the_one_that_continues_it(theatre_of):
    dinosaurs = theatre_of(
        (
            film("Jurassic Park", 1993, "Adventure", keywords="dinosaur"),
            film("Jurassic Park III", 2001, "Adventure", keywords="dinosaur"),
            film("Jurassic World", 2015, "Adventure", keywords="dinosaur", overview="Long after Jurassic Park."),
            film("Jurassic World: Fallen Kingdom", 2018, "Adventure", keywords="dinosaur", overview="An island."),
            film("Jurassic World: Dominion", 2022, "Adventure", keywords="dinosaur", overview="The mainland."),
            film("Dinosaur", 2000, "Animation", keywords="dinosaur"),
            film("Park Life", 2004, "Documentary", overview="Who visits a Jurassic Park museum?"),
        )
    )
    query = "dinosaurs but not jurassic park"
    assert dinosaurs.films(query, "not:series:jurassic park") == {"Dinosaur"}
