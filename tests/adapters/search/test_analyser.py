import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.search.analyser import other_names, squeezed, terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Matrix: Reloaded", ["the", "matrix", "reload"]),
        ("running FILMS", ["run", "film"]),
        ("Amélie's", ["ameli", "s"]),
        ("Ame\u0301lie", ["ameli"]),
        ("Ærøskøbing", ["aeroskob"]),
        ("君の名は。", ["君の名は"]),
        ("", []),
        ('":()[]{}*?~^!', []),
        ("x" * 100, []),
        ("\ud800 lone", ["lone"]),
    ],
)
def test_terms(text, expected):
    assert terms(text) == expected


def test_words_are_folded_but_not_stemmed():
    assert words("Running  with Wölfe") == ["running", "with", "wolfe"]


@pytest.mark.parametrize("title", ["WALL·E", "WALL-E", "Wall E", "wall e!"])
def test_squeezed_drops_punctuation_and_spaces(title):
    assert squeezed(title) == "walle"


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Seven (a.k.a. Se7en)", ["seven", "se7en"]),
        ("The Matrix", ["matrix"]),
        ("A Bug's Life (1998)", ["abugslife", "bugslife"]),
        ("Heat", []),
        ("1917", []),
        ("The", []),
        ("(500) Days of Summer", ["daysofsummer"]),
        ("", []),
        ("(((", []),
    ],
)
def test_other_names_of_a_title(title, names):
    assert other_names(title) == names


@given(st.text())
def test_any_text_becomes_terms(text):
    assert all(term and term == term.lower() for term in words(text))
    assert squeezed(text) not in other_names(text)
    assert len(terms(text)) == len(words(text))
