"""Mentions of words and films by name: the same in every engine."""

import numpy as np
import pytest

from services.recommender.ports import TextField


@pytest.fixture
def ids(films_bundle):
    return lambda rows: [films_bundle.catalogue.item_ids[int(row)] for row in rows]


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ("hacker", {"m1": TextField.KEYWORDS | TextField.OVERVIEW}),
        ("hackers", {"m1": TextField.KEYWORDS | TextField.OVERVIEW}),
        ("Matrix", {"m1": TextField.TITLE, "m2": TextField.TITLE}),
        ("pacino", {"h1": TextField.PEOPLE}),
        ("poulain", {"a1": TextField.OTHER_TITLE}),
        ("detective", {"h1": TextField.OVERVIEW, "s1": TextField.OVERVIEW}),
        ("xylophone", {}),
        ("", {}),
        ("AND", {"h1": TextField.OVERVIEW}),
    ],
)
def test_the_fields_that_mention_a_word(films_search, ids, word, where):
    (mention,) = films_search.mentions([word])
    assert dict(zip(ids(mention.rows), mention.fields.tolist(), strict=True)) == where


def test_mentions_are_in_the_order_of_the_words(films_search):
    mentions = films_search.mentions(["taxi", "nothing", "robot"])
    assert [len(mention.rows) for mention in mentions] == [1, 0, 1]
    assert all(mention.rows.dtype == np.int32 and mention.fields.dtype == np.uint8 for mention in mentions)


@pytest.mark.parametrize(
    ("text", "films"),
    [
        ("heat", ["h1", "h2"]),
        ("The Matrix", ["m1"]),
        ("matrix", ["m1"]),
        ("Le Fabuleux Destin d'Amelie Poulain", ["a1"]),
        ("se7en", ["s1"]),
        ("matrx", []),
        ("", []),
        ("reloaded", []),
    ],
)
def test_films_of_exactly_this_name_are_ordered_by_popularity(films_search, ids, text, films):
    films_named = films_search.named(text)
    assert (ids(films_named.rows), films_named.errors) == (films, 0)


@pytest.mark.parametrize(
    ("text", "errors", "films", "away"),
    [
        ("collaterall", 1, ["c1"], 1),
        ("colaterall", 1, [], 0),
        ("colaterall", 2, ["c1"], 2),
        ("heat", 2, ["h1", "h2"], 0),
    ],
)
def test_a_name_is_found_within_the_allowed_number_of_errors(films_search, ids, text, errors, films, away):
    films_named = films_search.named(text, errors)
    assert (ids(films_named.rows), films_named.errors) == (films, away)
