"""Titles, dropped fillers, conditions that are switched off, and invariants."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.recommender.query.understand import LONGEST_SEARCH, plain


@pytest.mark.parametrize(
    ("query", "film"),
    [
        ("1917", "1917"),
        ("2001: A Space Odyssey", "2001: A Space Odyssey"),
        ("2001 space odyssey", "2001: A Space Odyssey"),
        ("psycho", "Psycho"),
        ("Shichinin no samurai", "Seven Samurai"),
        ("spirted away", "Spirited Away"),
        ("the big lebowsky", "The Big Lebowski"),
    ],
)
def test_a_title_stays_a_title(theatre, query, film):
    understood = theatre.understand(query)
    assert theatre.titles(understood.named)[:1] == [film]
    assert understood.conditions == ()
    assert understood.titled


def test_a_title_that_is_also_a_person_is_both(theatre):
    understood = theatre.understand("Hitchcock")
    assert theatre.titles(understood.named) == ["Hitchcock"]
    assert [condition.id for condition in understood.conditions] == ["person:alfred hitchcock"]


def test_a_title_with_its_year_names_the_film_and_its_words_are_no_conditions(theatre):
    understood = theatre.understand("the italian job 1969")
    assert theatre.titles(understood.named) == ["The Italian Job"]
    assert [condition.id for condition in understood.conditions] == ["year:1969"]
    assert understood.words == ("italian", "job")


def test_a_title_with_an_adjacent_year_still_names_the_film(theatre):
    assert theatre.titles(theatre.understand("The Italian Job (1970)").named) == ["The Italian Job"]


def test_a_title_with_a_distant_year_does_not_name_the_film(theatre):
    assert theatre.understand("the italian job 1999").named == ()


@pytest.mark.parametrize("query", ["the lives of the others", "old big lebowski", "finding nemo movie"])
def test_most_of_a_title_is_no_condition(theatre, query):
    assert theatre.ids(query) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("a film about sharks", ("sharks",)),
        ("something like that with dinosaurs", ("dinosaurs",)),
        ("I want to watch a really good movie about a writer tonight", ("writer",)),
        ("ein Film über einen Hund", ("dog",)),
        ("una película sobre un tiburón", ("shark",)),
        ("un film sur la mer", ("sea",)),
        ("robots who fall in love", ("robots", "fall", "love")),
        ("recommend me a good movie", ()),
    ],
)
def test_fillers_are_dropped(theatre, query, words):
    assert theatre.understand(query).words == words


def test_best_ranks_by_esteem(theatre):
    assert theatre.understand("best movies of 1999").esteemed
    assert not theatre.understand("movies of 1999").esteemed


@pytest.mark.parametrize(
    ("query", "titled"),
    [("star empire", True), ("dracula 1931", True), ("a film about the sea", False), ("sharks of the 90s", False)],
)
def test_a_few_bare_words_may_be_a_title(theatre, query, titled):
    assert theatre.understand(query).titled is titled


def test_words_of_a_condition_that_is_switched_off_are_searched_for(theatre):
    understood = theatre.understand("korean revenge thriller", "language:korean")
    assert [condition.id for condition in understood.conditions] == ["genre:thriller"]
    assert understood.words == ("korean", "revenge")


def test_words_of_a_negation_that_is_switched_off_are_dropped(theatre):
    understood = theatre.understand("horror but not zombies", "not:zombies")
    assert [condition.id for condition in understood.conditions] == ["genre:horror"]
    assert understood.words == ()


def test_a_film_to_resemble_can_be_switched_off(theatre):
    understood = theatre.understand("like Alien", "like:Alien 1979")
    assert (understood.like, understood.conditions) == ((), ())
    assert understood.words == ("alien",)


def test_plain_searches_for_all_words_but_function_words():
    understood = plain("a film not about the 90s")
    assert understood.words == ("film", "90s")
    assert plain("it was not").words == ("it", "was", "not")
    assert understood.conditions == ()


VOCABULARY = (
    "a the film movies not no without but like similar to or and horror comedy funny sad korean french japan from "
    "before after between 1950 1990s 90s nineties under two hours 90 minutes kids my for family alien jaws hitchcock "
    "kubrick star wars zombies divorce shark love war western noir best old new 1917 , \" ' - über mit ohne sans avec "
    "película para niños"
)
WORDS = VOCABULARY.split()
queries = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)


@settings(max_examples=150)
@given(query=st.one_of(queries, st.text(max_size=60)))
def test_understanding_never_fails_and_condition_ids_are_distinct(theatre, query):
    understood = theatre.understand(query)
    ids = [condition.id for condition in understood.conditions]
    assert len(set(ids)) == len(ids)
    assert len(understood.words) <= LONGEST_SEARCH
    for condition in understood.conditions:
        assert condition.demand.mask(theatre.lookup).shape == (len(theatre.bundle.catalogue),)
        assert condition.words in query


@settings(max_examples=150)
@given(query=queries, data=st.data())
def test_a_condition_that_is_switched_off_does_not_apply(theatre, query, data):
    ids = theatre.ids(query)
    off = data.draw(st.sets(st.sampled_from(ids))) if ids else set()
    left = [condition.id for condition in theatre.understand(query, *off).conditions]
    assert left == [condition_id for condition_id in ids if condition_id not in off]


@settings(max_examples=100)
@example(query="love love film")
@example(query="a star wars")
@given(query=queries)
def test_if_all_conditions_are_switched_off_their_words_are_searched_for(theatre, query):
    understood = theatre.understand(query)
    bare = theatre.understand(query, *(condition.id for condition in understood.conditions))
    assert (bare.conditions, bare.like) == ((), ())
    assert set(understood.words) <= set(bare.words) or len(bare.words) == LONGEST_SEARCH


@settings(max_examples=60)
@given(word=st.sampled_from(("zombies", "sharks", "divorce", "samurai", "horror", "romance", "hitchcock")))
def test_a_negation_excludes_films_that_mention_the_word(theatre, word):
    (negation,) = [item for item in theatre.understand(f"films, not {word}").conditions if item.negative]
    allowed = negation.demand.mask(theatre.lookup)
    rows = theatre.search.mentions((word,))[0].rows
    assert not (allowed.all() and len(rows))
