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
def test_names_as_they_are_compared(name, words):
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("name", "latin"),
    [
        ("Сталкер", "stalker"), ("Иди и смотри", "idi i smotri"), ("シン・ゴジラ", "shin gojira"),
        ("となりのトトロ", "tonarinototoro"), ("ちょっと", "chotto"), ("きゃく", "kyaku"), ("じゅう", "juu"),
        ("기생충", "gisaengchung"), ("Ζορμπάς", "zormpas"),
    ],
)  # fmt: skip
def test_other_scripts_are_found_in_latin_letters_too(name, latin):
    assert " ".join(spellings(name)[1]) == latin


def test_what_has_characters_left_is_not_romanised():
    assert spellings("七人の侍") == [["七人の侍"]]


def test_articles():
    assert natural(["matrix", "the"]) == ["the", "matrix"]
    assert natural(["the", "the"]) == ["the", "the"]
    assert bare(["haine", "la"]) == ["haine"]
    assert bare(["the"]) == ["the"]


def test_one_key_for_all_ways_to_write_a_name():
    assert len({key_of(words_of(name)) for name in ("WALL-E", "Wall E", "walle")}) == 1
    assert len({key_of(words_of(name)) for name in ("The Birds", "Birds, The", "birds")}) == 1
    assert len({key_of(words_of(name)) for name in ("Fast & Furious", "Fast and Furious", "fast furious")}) == 1
    assert key_of(words_of("And")) != key_of([])


def test_small_numbers_in_other_forms():
    assert ["rocky", "2"] in numbered(["rocky", "ii"])
    assert ["rocky", "ii"] in numbered(["rocky", "2"])
    assert ["oceans", "eleven"] in numbered(["oceans", "11"])
    assert numbered(["heat"]) == []


def test_a_year_in_brackets_is_taken_off():
    assert title_and_year("Heat (1995)") == ("Heat", 1995)
    assert title_and_year("Heat") == ("Heat", None)
    assert title_and_year("(1995)") == ("(1995)", None)
    assert title_and_year("Blade Runner 2049") == ("Blade Runner 2049", None)
