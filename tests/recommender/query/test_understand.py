"""Titles, what is dropped, what is switched off; and the laws."""

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


def test_a_title_that_is_a_person_too_is_both(theatre):
    understood = theatre.understand("Hitchcock")
    assert theatre.titles(understood.named) == ["Hitchcock"]
    assert [condition.id for condition in understood.conditions] == ["person:alfred hitchcock"]


def test_a_title_with_its_year_is_that_film_whatever_else_its_words_mean(theatre):
    understood = theatre.understand("the italian job 1969")
    assert theatre.titles(understood.named) == ["The Italian Job"]
    assert [condition.id for condition in understood.conditions] == ["year:1969"]
    assert understood.words == ("italian", "job")


def test_a_title_with_a_year_beside_its_own_is_still_that_film(theatre):
    assert theatre.titles(theatre.understand("The Italian Job (1970)").named) == ["The Italian Job"]


def test_a_title_with_a_year_far_from_its_own_is_another_question(theatre):
    assert theatre.understand("the italian job 1999").named == ()


@pytest.mark.parametrize("query", ["the lives of the others", "old big lebowski", "finding nemo movie"])
def test_a_good_part_of_a_title_is_no_condition(theatre, query):
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
def test_words_that_only_ask_are_dropped(theatre, query, words):
    assert theatre.understand(query).words == words


def test_the_best_are_asked_for(theatre):
    assert theatre.understand("best movies of 1999").esteemed
    assert not theatre.understand("movies of 1999").esteemed


@pytest.mark.parametrize(
    ("query", "titled"),
    [("star empire", True), ("dracula 1931", True), ("a film about the sea", False), ("sharks of the 90s", False)],
)
def test_a_few_bare_words_may_be_a_title(theatre, query, titled):
    assert theatre.understand(query).titled is titled


def test_a_condition_that_is_switched_off_gives_its_words_back(theatre):
    understood = theatre.understand("korean revenge thriller", "language:korean")
    assert [condition.id for condition in understood.conditions] == ["genre:thriller"]
    assert understood.words == ("korean", "revenge")


def test_a_negation_that_is_switched_off_is_gone(theatre):
    understood = theatre.understand("horror but not zombies", "not:zombies")
    assert [condition.id for condition in understood.conditions] == ["genre:horror"]
    assert understood.words == ()


def test_a_film_to_be_like_can_be_switched_off(theatre):
    understood = theatre.understand("like Alien", "like:Alien 1979")
    assert (understood.like, understood.conditions) == ((), ())
    assert understood.words == ("alien",)


def test_plain_searches_for_every_word_that_tells_something():
    understood = plain("a film not about the 90s")
    assert understood.words == ("film", "90s")
    assert plain("it was not").words == ("it", "was", "not")
    assert understood.conditions == ()


SAID = (
    "a the film movies not no without but like similar to or and horror comedy funny sad korean french japan from "
    "before after between 1950 1990s 90s nineties under two hours 90 minutes kids my for family alien jaws hitchcock "
    "kubrick star wars zombies divorce shark love war western noir best old new 1917 , \" ' - über mit ohne sans avec "
    "película para niños"
)
WORDS = SAID.split()
queries = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)


@settings(max_examples=150)
@given(query=st.one_of(queries, st.text(max_size=60)))
def test_understanding_never_fails_and_conditions_have_names_of_their_own(theatre, query):
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
    kept = [condition.id for condition in theatre.understand(query, *off).conditions]
    assert kept == [each for each in ids if each not in off]


@settings(max_examples=100)
@example(query="love love film")
@given(query=queries)
def test_without_any_condition_the_words_are_searched_for(theatre, query):
    understood = theatre.understand(query)
    bare = theatre.understand(query, *(condition.id for condition in understood.conditions))
    assert (bare.conditions, bare.like) == ((), ())
    assert set(understood.words) <= set(bare.words) or len(bare.words) == LONGEST_SEARCH


@settings(max_examples=60)
@given(word=st.sampled_from(("zombies", "sharks", "divorce", "samurai", "horror", "romance", "hitchcock")))
def test_what_is_denied_is_what_is_not_asked_for(theatre, word):
    (denied,) = [each for each in theatre.understand(f"films, not {word}").conditions if each.negative]
    told = denied.demand.mask(theatre.lookup)
    rows = theatre.search.mentions((word,))[0].rows
    assert not (told.all() and len(rows))
