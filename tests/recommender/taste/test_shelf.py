"""A shelf (``only_item_ids``) restricts recommendations to the listed films."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.filters import Filters
from services.recommender.domain.genres import to_mask
from services.recommender.domain.request import Request
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline
from services.recommender.taste.fold_in import read_shelf
from tests.builders import HashEncoder, ManualClock, NumpySearch, make_catalogue, make_release, person

CATALOGUE = make_catalogue(60)
PIPELINE = Pipeline(make_release(), HashEncoder())
FILMS = len(PIPELINE.bundle.catalogue)
SHELVES = st.lists(st.integers(0, FILMS + 5), max_size=40)


def ids_of(rows: list[int]) -> tuple[str, ...]:
    return tuple(f"f{row}" for row in rows)


def run(request: Request, *liked: str):
    return PIPELINE.rank(request, person(*liked) if liked else None, Deadline.within(ManualClock(), 1.2))


def rows(ranking) -> list[int]:
    return [item.row for item in ranking.items]


def test_without_a_shelf_a_request_is_unchanged():
    request = Request(filters=Filters(year_from=1990))
    assert read_shelf(CATALOGUE, request) == (request, ())


@given(st.lists(st.integers(0, 70), max_size=30))
def test_a_shelf_is_a_mask(shelf):
    read, ignored = read_shelf(CATALOGUE, Request(only_item_ids=ids_of(shelf), filters=Filters(min_votes=100)))
    among = np.isin(np.arange(60), shelf)
    assert read.filters.mask(CATALOGUE).tolist() == (among & (CATALOGUE.votes >= 100)).tolist()
    assert ignored == tuple(dict.fromkeys(ids_of([row for row in shelf if row >= 60])))


@given(SHELVES, st.sampled_from([None, "film 3", "heist"]), st.booleans())
def test_only_films_of_the_shelf_are_recommended(shelf, query, taste):
    liked = ("f1", "f4") if taste else ()
    request = Request(user_id="ann", query=query, k=100, only_item_ids=ids_of(shelf))
    assert set(rows(run(request, *liked))) == set(range(FILMS)) & set(shelf) - ({1, 4} if taste else set())


@given(SHELVES)
def test_a_shelf_changes_no_score(shelf):
    scores = {item.row: item.score for item in run(Request(user_id="ann", k=100), "f1", "f4").items}
    for item in run(Request(user_id="ann", k=100, only_item_ids=ids_of(shelf)), "f1", "f4").items:
        assert item.score == pytest.approx(scores.get(item.row, item.score), abs=1e-6)


def test_a_query_searches_within_the_shelf():
    """The best matches are not on the shelf: search gets the shelf as a filter, so that it finds the others."""
    search = PIPELINE.release.search
    assert isinstance(search, NumpySearch)
    search.requests.clear()
    ranking = run(Request(query="film 110", k=3, only_item_ids=ids_of([110, 90, 100, 90])))
    assert rows(ranking)[0] == 110
    assert set(rows(ranking)) == {90, 100, 110}
    assert [request.filters.rows for request in search.requests] == [(90, 100, 110)]


def test_shelf_and_filters_both_apply():
    both = Request(k=50, only_item_ids=ids_of(list(range(30))), filters=Filters(genres=to_mask(["Western"])))
    assert set(rows(run(both))) == set(range(0, 30, 3))


@pytest.mark.parametrize("shelf", [(), ("nope", "none", "nope")])
def test_a_shelf_without_a_known_film_gives_an_empty_answer(shelf):
    ranking = run(Request(query="film", k=5, only_item_ids=shelf))
    assert ranking.items == ()
    assert not ranking.more
    assert ranking.ignored_ids == tuple(dict.fromkeys(shelf))


def test_unknown_ids_of_shelf_and_liked_films_are_listed():
    ranking = run(Request(liked=("f1", "lost"), k=5, only_item_ids=("f4", "gone")))
    assert ranking.ignored_ids == ("lost", "gone")
    assert rows(ranking) == [4]


def test_excluded_films_of_the_shelf_are_left_out():
    request = Request(user_id="ann", k=10, only_item_ids=("f1", "f4", "f7"), exclude_item_ids=("f7",))
    assert rows(run(request, "f1")) == [4]
