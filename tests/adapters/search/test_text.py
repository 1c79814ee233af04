from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommender.domain.filters import Filters
from services.recommender.domain.genres import to_mask
from services.recommender.ports import Deadline, SearchRequest
from tests.builders import ManualClock
from tests.patience import PATIENCE_S

NOW = Deadline.within(ManualClock(), PATIENCE_S)


def hits_for(search, text, **options):
    return search.search(SearchRequest(text=text, **options), NOW).text


@pytest.fixture
def find(films_search, films_bundle):
    def ids_of(text: str, **options: object) -> list[str]:
        return [films_bundle.catalogue.item_ids[int(row)] for row in hits_for(films_search, text, **options).rows]

    return ids_of


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("The Matrix", "m1"),
        ("the matrix", "m1"),
        ("MATRIX", "m1"),
        ("Matrix, The", "m1"),
        ("matrix reloaded", "m2"),
        ("amelie", "a1"),
        ("Amélie", "a1"),
        ("le fabuleux destin d'amelie poulain", "a1"),
        ("se7en", "s1"),
        ("Seven", "s1"),
        ("Seven (a.k.a. Se7en)", "s1"),
        ("wall-e", "w1"),
        ("walle", "w1"),
        ("1917", "n1"),
        ("君の名は。", "j1"),
        ('What? "Yes": a (true) tale + more', "t1"),
        ("hacker simulation", "m1"),
        ("cyberpunk", "m1"),
        ("keanu", "m2"),
        ("paris waitress", "a1"),
    ],
)
def test_the_first_film_of_a_query(find, text, first):
    assert find(text)[0] == first


@pytest.mark.parametrize(
    ("text", "film"),
    [
        ("the matrx", "m1"),
        ("teh matrix", "m1"),
        ("colateral", "c1"),
        ("collatarel", "c1"),
        ("ameile", "a1"),
        ("hea", "h1"),
        ("matrix reloded", "m2"),
        ("fabulex destin", "a1"),
        ("micheal man", "h1"),
    ],
)
def test_typing_errors_are_forgiven(find, text, film):
    assert film in find(text)[:5]


def test_among_namesakes_the_most_popular_is_first(find, films_search):
    assert find("heat")[:2] == ["h1", "h2"]
    scores = hits_for(films_search, "heat").scores
    assert np.all(np.diff(scores) <= 0)


def test_a_director_s_films_come_before_films_that_mention_them(find):
    assert set(find("Michael Mann")[:2]) == {"h1", "c1"}
    assert set(find("lana wachowski")[:2]) == {"m1", "m2"}
    assert find("al pacino")[0] == "h1"


@pytest.mark.parametrize("text", ["", "   ", '"()[]{}:*?~^', "zzzzqqqq", "\0", "\ud800", "-", "x" * 5_000])
def test_text_that_matches_nothing_has_no_hits(films_search, text):
    empty = hits_for(films_search, text)
    assert empty.rows.tolist() == []
    assert empty.scores.tolist() == []
    assert (empty.reference, empty.floor) == (0.0, 0.0)


@pytest.mark.parametrize(
    "text",
    [
        'title:"heat" AND NOT (x OR',
        "heat^1e9",
        "+heat -heat",
        "[* TO *]",
        "heat~99",
        "IN [a b]",
        "heat*",
        "\\",
        "heat/",
    ],
)
def test_operators_have_no_meaning(find, text):
    if "heat" in text:
        assert "h1" in find(text)[:3]
    else:
        find(text)


@settings(max_examples=200)
@given(text=st.text(max_size=200))
def test_any_text_is_a_query(films_search, text):
    hits = hits_for(films_search, text)
    assert len(set(hits.rows.tolist())) == len(hits.rows)
    assert np.all(np.isfinite(hits.scores))
    assert np.all(np.diff(hits.scores) <= 0)


def test_a_query_of_ten_thousand_words_is_cut(films_search):
    hits = hits_for(films_search, " ".join(f"word{i}" for i in range(10_000)) + " heat")
    assert len(hits.rows) < 12


def test_an_empty_request_has_no_hits(films_search):
    result = films_search.search(SearchRequest(), NOW)
    assert (result.text, result.knn, result.degraded) == (None, None, ())


def test_the_index_is_named_after_its_bundle(films_search):
    assert films_search.index_version.endswith("-films")


def test_reference_is_the_mean_of_the_best_fifty_and_floor_the_last(world_search):
    hits = hits_for(world_search, "film", size=100)
    assert len(hits.rows) == 100
    assert hits.reference == pytest.approx(hits.scores[:50].mean())
    assert hits.floor == hits.scores[99]
    few = hits_for(world_search, "film 7", size=1_000)
    assert few.floor == 0.0
    single = hits_for(world_search, "film", size=1)
    assert single.rows.tolist() == hits.rows[:1].tolist()
    assert (single.reference, single.floor) == (hits.reference, hits.scores[0])


def test_equal_scores_are_in_the_order_of_rows(world_search):
    hits = hits_for(world_search, "film", size=300)
    ties = hits.scores[1:] == hits.scores[:-1]
    assert ties.any()
    assert np.all(hits.rows[1:][ties] > hits.rows[:-1][ties])


FILTERS = st.builds(
    Filters,
    genres=st.sampled_from([0, to_mask(["Drama"]), to_mask(["Comedy", "Western"]), to_mask(["Horror"])]),
    not_genres=st.sampled_from([0, to_mask(["Romance"]), to_mask(["Western", "Action"])]),
    year_from=st.none() | st.integers(-5, 40_000) | st.integers(1940, 2030),
    year_to=st.none() | st.integers(-5, 40_000) | st.integers(1940, 2030),
    runtime_to=st.none() | st.integers(-5, 7_000) | st.integers(80, 180) | st.just(2**70),
    languages=st.sampled_from([(), ("en",), ("fr", "ja"), ("xx",), ("xx", "en"), ("",)]),
    min_votes=st.sampled_from([0, 1, 10, 500, 2_500, 2**31, 2**70]),
    rows=st.none() | st.sets(st.integers(0, 299), max_size=40).map(lambda rows: tuple(sorted(rows))),
)


@settings(max_examples=200)
@given(filters=FILTERS, text=st.sampled_from(["film", "film 7", "heist", "ada ford film", "flim 12", "western"]))
def test_the_engine_filters_as_the_mask_does(world_search, world, filters, text):
    everything = hits_for(world_search, text, size=300)
    filtered = hits_for(world_search, text, filters=filters, size=300)
    mask = filters.mask(world.catalogue)
    passing = mask[everything.rows]
    assert filtered.rows.tolist() == everything.rows[passing].tolist()
    assert filtered.scores.tolist() == everything.scores[passing].tolist()
    assert (filtered.reference, filtered.floor) == (everything.reference, everything.floor)


@settings(max_examples=60)
@given(filters=FILTERS, size=st.integers(1, 60))
def test_filters_do_not_change_the_score_of_a_film(world_search, filters, size):
    everything = hits_for(world_search, "film 7 heist", size=size)
    filtered = hits_for(world_search, "film 7 heist", filters=filters, size=size)
    score_of = dict(zip(everything.rows.tolist(), everything.scores.tolist(), strict=True))
    for row, score in zip(filtered.rows.tolist(), filtered.scores.tolist(), strict=True):
        assert score == score_of.get(row, score)
        assert row in score_of or score <= everything.scores[-1]
    assert len(filtered.rows) <= size
    assert (filtered.reference, filtered.floor) == (everything.reference, everything.floor)


def test_a_shelf_of_ten_thousand_films_is_accepted(world_search):
    everything = hits_for(world_search, "film", size=300)
    # The catalogue itself is small: only the length of the list in the request matters here.
    shelf = hits_for(world_search, "film", filters=Filters(rows=tuple(range(1, 10_001))), size=300)
    assert shelf.rows.tolist() == [row for row in everything.rows.tolist() if row]
    assert shelf.reference == everything.reference


def test_namesakes_keep_their_scores_under_a_filter(films_search):
    everything = hits_for(films_search, "heat")
    old = hits_for(films_search, "heat", filters=Filters(year_to=1990))
    assert old.scores[0] == everything.scores[everything.rows.tolist().index(int(old.rows[0]))]


def test_threads_share_one_index(world_search):
    queries = [f"film {number}" for number in range(40)]
    alone = [hits_for(world_search, query).rows.tolist() for query in queries]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda query: hits_for(world_search, query).rows.tolist(), queries * 5))
    assert together == alone * 5
