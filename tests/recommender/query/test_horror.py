"""Horror that a query does not ask for comes after the other films that match."""

import pytest

from data_jobs.records import Film
from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Release
from tests.builders import ManualClock

GROWING_UP = "A boy grows up in a small town."
FILMS = [
    Film("clown", "The Sewer", 2017, ("Horror",), overview="Children grow up in a small town.", vote_count=9_000),
    *[Film(f"boy{i}", f"Summer {i}", 1980 + i, ("Drama",), overview=GROWING_UP, vote_count=100 + i) for i in range(9)],
    Film("who", "Tea at Four", 1939, ("Mystery",), overview="A murder in a village.", vote_count=50),
    Film("wail", "The Moor", 2016, ("Mystery", "Horror"), overview="A murder in a village.", vote_count=8_000),
    *[Film(f"vampire{i}", f"Fang {i}", 2000 + i, ("Horror",), overview="A vampire in an old castle.", vote_count=10 + i)
      for i in range(4)],
    Film("count", "The Count", 1960, ("Drama",), overview="A vampire in an old castle.", vote_count=5),
]  # fmt: skip


@pytest.fixture(scope="module")
def first(theatre_of):
    theatre = theatre_of(FILMS)
    pipeline = Pipeline(Release(theatre.bundle, theatre.search), None)

    def answer(query: str) -> list[str]:
        request = Request(query=query, k=12, diversity=0.0, explain=True)
        items = pipeline.rank(request, None, Deadline.within(ManualClock(), 1.0)).items
        return [theatre.bundle.catalogue.item_ids[item.row] for item in items if item.match]

    return answer


def test_horror_comes_last_among_films_that_match_a_description_of_ordinary_life(first):
    ids = first("growing up in a small town")
    assert ids[-1] == "clown"
    assert len(ids) == 10


def test_a_description_of_what_only_horror_films_tell_asks_for_it(first):
    assert first("a vampire in an old castle")[0] == "vampire3"


def test_a_mood_keeps_horror_last_even_if_it_is_common_among_the_matches(first):
    assert first("a cosy murder in a village") == ["who", "wail"]
