# ruff: noqa: RUF001
import pytest

from services.recommender.names.folding import bare, key_of, natural, numbered, spellings, title_and_year, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Schindler's List", ["schindlers", "list"]), ("L'Avventura", ["l", "avventura"]),
        ("Don’t Look Now", ["dont", "look", "now"]), ("The Angels' Share", ["the", "angels", "share"]),
        ("Fast & Furious", ["fast", "and", "furious"]), ("Mørke", ["morke"]), ("Łódź", ["lodz"]),
        ("Alien³", ["alien3"]), ("ＡＫＩＲＡ", ["akira"]), ("Straße", ["strasse"]), ("!!!", []),
    ],
)  # fmt: skip
def test_names_are_split_into_folded_words(name, words):
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("name", "latin"),
    [
        ("Сталкер", "stalker"), ("Иди и смотри", "idi i smotri"), ("シン・ゴジラ", "shin gojira"),
        ("となりのトトロ", "tonarinototoro"), ("ちょっと", "chotto"), ("きゃく", "kyaku"), ("じゅう", "juu"),
        ("기생충", "gisaengchung"), ("Ζορμπάς", "zormpas"),
    ],
)  # fmt: skip
def test_other_scripts_have_a_latin_spelling(name, latin):
    assert " ".join(spellings(name)[1]) == latin


def test_a_name_that_cannot_be_romanised_fully_has_no_latin_spelling():
    assert spellings("七人の侍") == [["七人の侍"]]


def test_articles_are_moved_to_the_front_or_removed():
    assert natural(["matrix", "the"]) == ["the", "matrix"]
    assert natural(["the", "the"]) == ["the", "the"]
    assert bare(["haine", "la"]) == ["haine"]
    assert bare(["the"]) == ["the"]


def test_spellings_of_a_name_share_one_key():
    assert len({key_of(words_of(name)) for name in ("WALL-E", "Wall E", "walle")}) == 1
    assert len({key_of(words_of(name)) for name in ("The Birds", "Birds, The", "birds")}) == 1
    assert len({key_of(words_of(name)) for name in ("Fast & Furious", "Fast and Furious", "fast furious")}) == 1
    assert key_of(words_of("And")) != key_of([])


def test_small_numbers_as_digits_words_and_roman_numerals():
    assert ["rocky", "2"] in numbered(["rocky", "ii"])
    assert ["rocky", "ii"] in numbered(["rocky", "2"])
    assert ["oceans", "eleven"] in numbered(["oceans", "11"])
    assert numbered(["heat"]) == []


def test_a_year_in_brackets_is_split_off():
    assert title_and_year("Heat (1995)") == ("Heat", 1995)
    assert title_and_year("Heat") == ("Heat", None)
    assert title_and_year("(1995)") == ("(1995)", None)
    assert title_and_year("Blade Runner 2049") == ("Blade Runner 2049", None)
