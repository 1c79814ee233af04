from dataclasses import fields

import polars as pl
import pytest

from data_jobs.items import text_to_embed, title_with_year, write_items
from data_jobs.records import Film
from tests.films import FILMS


def test_the_text_of_a_film_has_its_parts_in_order():
    heat = next(film for film in FILMS if film.item_id == "h1")
    assert text_to_embed(heat) == (
        "1990s. Crime, Thriller. A thief and a detective respect and hunt each other. heist. "
        "Michael Mann, Al Pacino, Robert De Niro."
    )


@pytest.mark.parametrize(
    ("film", "text"),
    [
        (Film("1", "Unrated", 1971), "1970s. Unrated."),
        (Film("1", "No Year"), "No Year."),
        (Film("1", "What?", overview="  Two\n lines!  "), "Two lines!"),
        (Film("1", "X", tagline="A tagline for want of better"), "A tagline for want of better."),
        (Film("1", "X", 2003, keywords=("bride", "sword")), "2000s. bride, sword."),
        (Film("1", "X", directors=("Ann",), cast=("Ann", "Bob")), "X. Ann, Bob."),
        (Film("1", "X", directors=("D",), cast=tuple("abcdefg")), "X. D, a, b, c, d, e."),
    ],
)
def test_missing_parts_are_left_out(film, text):
    assert text_to_embed(film) == text


def test_title_with_year():
    assert title_with_year(Film("1", "Heat", 1995)) == "Heat (1995)"
    assert title_with_year(Film("1", "Heat")) == "Heat"


def test_items_are_readable_by_other_tools(tmp_path):
    path = write_items(FILMS, tmp_path / "features")
    table = pl.read_parquet(path)
    assert path.name == "items.parquet"
    assert table.columns == [*(field.name for field in fields(Film)), "text"]
    assert table["item_id"].to_list() == [film.item_id for film in FILMS]
    assert table["genres"].to_list() == [list(film.genres) for film in FILMS]
    assert table["year"].to_list() == [film.year for film in FILMS]
    assert table["text"].to_list() == [text_to_embed(film) for film in FILMS]
    assert table.schema["vote_average"] == pl.Float64
    assert table.schema["cast"] == pl.List(pl.String)


def test_same_films_same_file(tmp_path):
    one, two = write_items(FILMS, tmp_path / "1"), write_items(FILMS, tmp_path / "2")
    assert one.read_bytes() == two.read_bytes()
    assert pl.read_parquet(write_items((), tmp_path / "3")).height == 0
