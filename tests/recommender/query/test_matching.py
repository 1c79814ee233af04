"""Whole queries: which films match, their order and reasons, and which conditions are dropped."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommender.domain.request import Ranking, ReasonKind, Request, Strategy
from services.recommender.errors import SearchUnavailable
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Release
from tests.builders import ManualClock
from tests.recommender.query.test_understand import queries


@pytest.fixture(scope="module")
def pipeline(theatre):
    return Pipeline(Release(theatre.bundle, theatre.search), None)


@pytest.fixture
def ask(pipeline):
    def answer(query: str, **options: object) -> Ranking:
        request = Request(query=query, **{"k": 10, "diversity": 0.0, **options})
        return pipeline.rank(request, None, Deadline.within(ManualClock(), 1.0))

    return answer


@pytest.fixture
def titles(theatre):
    return lambda ranking: theatre.titles([item.row for item in ranking.items])


@pytest.fixture
def matching(theatre):
    return lambda ranking: theatre.titles([item.row for item in ranking.items if item.match])


@pytest.mark.parametrize(
    ("query", "films"),
    [
        ("funny films about divorce", {"Mrs. Doubtfire", "It's Complicated"}),
        ("korean revenge thriller", {"Oldboy", "Lady Vengeance"}),
        ("christmas movie for kids", {"Home Alone"}),
        ("horror but not zombies from the 60s", {"Psycho"}),
        ("comedy with the coen brothers", {"The Big Lebowski"}),
        ("western with clint eastwood", {"Unforgiven"}),
        ("animation under 30 minutes", {"Geri's Game"}),
        ("film français romantique à Paris", {"Amélie"}),
        ("Film über den Mauerfall in Berlin", {"The Lives of Others"}),
        ("movies from the 90s with dinosaurs", {"Jurassic Park"}),
    ],
)
def test_exactly_the_matching_films_come_first_and_are_marked(ask, matching, titles, query, films):
    ranking = ask(query)
    assert set(matching(ranking)) == films
    assert set(titles(ranking)[: len(films)]) == films
    assert ranking.matched == len(films)
    assert ranking.strategy is Strategy.QUERY


@pytest.mark.parametrize(
    ("query", "first"),
    [("alien", "Alien"), ("1917", "1917"), ("hitchcock", "Hitchcock"), ("spirted away", "Spirited Away"),
     ("called “heat” or “ring”", "Ring"), ("a writer goes mad in a hotel", "The Shining")],
)  # fmt: skip
def test_a_film_named_by_its_title_comes_first(ask, titles, query, first):
    if query.startswith("called"):
        query = "a film called “ring”"
    assert titles(ask(query))[0] == first


def test_a_series_comes_first_in_order_at_any_diversity(ask, titles):
    for query in ("star wars", "star wrs", "the star wars films"):
        for diversity in (0.0, 0.2, 1.0):
            assert titles(ask(query, diversity=diversity))[:3] == [
                "Star Wars: Episode IV - A New Hope", "Star Wars: Episode V - The Empire Strikes Back",
                "Star Wars: Episode VI - Return of the Jedi",
            ]  # fmt: skip


def test_a_query_that_matches_nothing_says_so(ask):
    ranking = ask("asdfgh qwerty")
    assert ranking.matched == 0
    assert [item.match for item in ranking.items] == [False] * 10
    assert {reason.text for item in ranking.items for reason in item.reasons} == {"Popular; nothing matched"}
    assert {reason.kind for item in ranking.items for reason in item.reasons} == {ReasonKind.NEAREST}
    assert all(item.score < 0.5 for item in ranking.items)


def test_popularity_never_lifts_a_film_that_does_not_match(ask):
    ranking = ask("a film about divorce", k=40)
    match = [item.match for item in ranking.items]
    assert match == sorted(match, reverse=True)
    scores = [item.score for item in ranking.items]
    assert min(scores[: ranking.matched]) > max(scores[ranking.matched :])


@pytest.mark.parametrize(
    ("query", "reasons"),
    [
        ("funny films about divorce", ["Matches “divorce”", "Funny"]),
        ("korean revenge thriller", ["Matches “revenge”", "Korean", "Thriller"]),
        ("alfred hitchcock", ["Directed by Alfred Hitchcock"]),
        ("starring meryl streep", ["With Meryl Streep"]),
        ("westerns before 1960", ["Western", "From 1952"]),
        ("animation under 30 minutes", ["Animation", "5 minutes"]),
        ("ring", ["Titled “Ring”"]),
        ("a space creature", ["Matches “space”, “creature”"]),
        ("a creature in space", ["Matches “creature”, “space”"]),
    ],
)
def test_reasons_name_what_matched(ask, query, reasons):
    assert [reason.text for reason in ask(query).items[0].reasons] == reasons


def test_a_dark_comedy_is_not_any_comedy(ask, matching):
    films = set(matching(ask("dark comedy", k=40)))
    assert films == set(matching(ask("a black comedy", k=40)))
    assert {"Shaun of the Dead", "The Big Lebowski"} <= films
    assert not {"Home Alone", "Notting Hill", "Mrs. Doubtfire", "Geri's Game"} & films


def test_reasons_name_no_function_words(ask):
    texts = [reason.text for item in ask("star wars return of the jedi").items for reason in item.reasons]
    assert "Matches “star”, “return”, “jedi”" in texts
    assert not any("“of”" in text or "“the”" in text for text in texts)


def test_the_film_to_resemble_is_not_in_the_answer(ask, titles):
    ranking = ask("like Alien but older", k=40)
    assert "Alien" not in titles(ranking)
    first = titles(ranking)[: ranking.matched]
    assert "The Thing from Another World" in first
    assert not {"Aliens", "The Thing"} & set(first)


def test_excluded_films_are_nowhere_in_the_list(ask, titles):
    result = titles(ask("horror without zombies", k=100))
    assert not {"Shaun of the Dead", "Night of the Living Dead"} & set(result)


def test_a_guess_is_dropped_if_hardly_any_film_is_left(ask, matching):
    ranking = ask("recent korean films")
    year = next(condition for condition in ranking.understood.conditions if condition.kind == "year")
    assert not year.applied
    assert set(matching(ranking)) == {"Oldboy", "Lady Vengeance", "Memories of Murder"}


def test_explicit_conditions_are_never_dropped(ask):
    ranking = ask("silent korean films with meryl streep before 1950")
    assert ranking.matched == 0
    applied = {condition.id: condition.applied for condition in ranking.understood.conditions}
    assert applied["person:meryl streep"]
    assert applied["year:-1949"]


def test_conditions_can_be_switched_off(ask, matching):
    everywhere = ask("korean thrillers", ignore_conditions=("language:korean",))
    assert [condition.id for condition in everywhere.understood.conditions] == ["genre:thriller"]
    plain = ask("korean thrillers", understand=False)
    assert plain.understood.conditions == ()
    assert plain.understood.text == "korean thrillers"


def test_the_requests_filters_apply_too(ask, titles):
    from services.recommender.domain.filters import Filters

    ranking = ask("comedies", filters=Filters(year_to=1950))
    assert titles(ranking) == ["The General"]
    assert ranking.matched == 1


def test_esteem_differs_from_fame(theatre, pipeline):
    assert not np.array_equal(pipeline.facts.esteem, pipeline.facts.fame)
    assert float(pipeline.facts.esteem.max()) == float(pipeline.facts.fame.max()) == 1.0


@settings(max_examples=80)
@given(query=queries)
def test_a_shorter_answer_is_a_prefix_of_a_longer_one(pipeline, query):
    if not query.strip():
        return
    deadline = Deadline.within(ManualClock(), 1.0)
    few, many = (pipeline.rank(Request(query=query, k=k, explain=True), None, deadline).items for k in (3, 30))
    assert [item.row for item in few] == [item.row for item in many[:3]]
    for item in many:
        assert 0 <= item.score <= 1
        assert item.reasons
        assert isinstance(item.match, bool)


@settings(max_examples=80)
@given(query=queries, words=st.sampled_from(["zombies", "sharks", "divorce", "samurai"]))
def test_a_negation_excludes(pipeline, theatre, query, words):
    negated = f"{query}, but not {words}"
    ranking = pipeline.rank(Request(query=negated, k=100), None, Deadline.within(ManualClock(), 1.0))
    if f"not:{words}" in {condition.id for condition in ranking.understood.conditions}:
        unwanted = set(theatre.lookup.mentioning((words,)).tolist())
        assert not unwanted & {item.row for item in ranking.items}


def test_without_the_text_index_a_query_is_still_answered(theatre):
    class Closed:
        index_version = "closed"

        def __getattr__(self, name):
            def down(*_: object, **__: object) -> None:
                raise SearchUnavailable("the index was closed")

            return down

    pipeline = Pipeline(Release(theatre.bundle, Closed()), None)
    ranking = pipeline.rank(Request(query="divorce", k=5), None, Deadline.within(ManualClock(), 1.0))
    assert len(ranking.items) == 5
    assert ranking.degraded == ("search: the index was closed",)
    assert (ranking.understood, ranking.matched) == (None, None)


@pytest.mark.parametrize("query", ["🤖", "?!", "— … —"])
def test_a_query_without_any_word_matches_nothing(ask, query):
    ranking = ask(query)
    assert ranking.matched == 0
    assert {reason.text for item in ranking.items for reason in item.reasons} == {"Popular; nothing matched"}
