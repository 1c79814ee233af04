"""Queries in other languages: plurals of words that the vocabulary has only in the singular, and decades."""

import pytest

from services.recommender.query.tokens import tokens_of
from services.recommender.query.translate import to_english


@pytest.mark.parametrize(
    ("query", "language", "english"),
    [
        ("películas de atracos a bancos", "es", "film of heist of bank"),
        ("films de braquages de banques", "fr", "film of heist of bank"),
        ("film su rapine in banca", "it", "film about heist in bank"),
        ("filmes sobre assaltos a bancos", "pt", "film about heist of bank"),
        ("Filme über Banküberfälle", "de", "film about heist"),
    ],
)
def test_plurals_are_translated_like_their_singular(query, language, english):
    detected, words = to_english(query, tokens_of(query))
    assert detected == language
    assert [word.word for word in words] == english.split()


@pytest.mark.parametrize(
    "query",
    [
        "Horrorfilme der achtziger Jahre", "films d'horreur des années quatre-vingt",
        "películas de terror de los ochenta",
        "film horror degli anni ottanta", "filmes de terror dos anos oitenta",
    ],
)  # fmt: skip
def test_decades_in_words_are_translated(query):
    _, words = to_english(query, tokens_of(query))
    assert "eighties" in [word.word for word in words]


@pytest.mark.parametrize("query", ["roses and bosses", "cars", "two brothers", "the last days"])
def test_english_plurals_stay_english(query):
    assert to_english(query, tokens_of(query))[0] == "en"
