"""Tokens: positions, breaks, quotations and possessive endings."""

from hypothesis import given
from hypothesis import strategies as st

from services.recommender.query.tokens import MAX_WORDS, fold, tokens_of, words_of


def test_words_are_folded_and_keep_their_positions():
    query = "Amélie, straße \N{EN DASH} Œuvre"
    tokens = tokens_of(query)
    assert [token.word for token in tokens] == ["amelie", "strasse", "oeuvre"]
    assert [query[token.start : token.end] for token in tokens] == ["Amélie", "straße", "Œuvre"]
    assert [token.after_break for token in tokens] == [False, True, True]


def test_a_possessive_s_is_removed_and_that_of_a_decade_kept():
    assert [token.word for token in tokens_of("Tarantino's kids' films of the 90's")] == [
        "tarantino", "kids", "films", "of", "the", "90", "s",
    ]  # fmt: skip


def test_words_in_quotation_marks_have_the_number_of_their_quotation():
    tokens = tokens_of("called “the thing” or «heat»")
    assert [(token.word, token.quoted) for token in tokens] == [
        ("called", 0), ("the", 1), ("thing", 1), ("or", 0), ("heat", 2),
    ]  # fmt: skip


@given(st.text(max_size=200))
def test_tokens_of_any_text_have_valid_positions(text):
    tokens = tokens_of(text)
    assert len(tokens) <= MAX_WORDS
    assert all(token.word and 0 <= token.start < token.end <= len(text) for token in tokens)
    assert [token.start for token in tokens] == sorted(token.start for token in tokens)


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=30))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)
    assert words_of(fold(text)) == words_of(text)
