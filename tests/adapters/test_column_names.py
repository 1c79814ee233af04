"""Column names in many languages: one table and one folding of names, for histories and training data."""

import pytest

from data_jobs.forms.columns import EVENT, FILM, match
from services.adapters.column_names import ABROAD, folded
from services.adapters.history.plain import columns_of

SHARED = {"title": "title", "year": "year", "value": "stars", "ts": "seen", "user": "account"}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Movie_ID", "movieid"),
        ("Année", "annee"),
        ("Größe", "grosse"),
        ("Runtime (mins)", "runtime"),
        ("rating:FLOAT", "rating"),
        ("(year)", "year"),
        ("Tytuł", "tytul"),
        ("モ", "モ"),
    ],
)
def test_a_name_is_folded(name: str, plain: str) -> None:
    assert folded(name) == plain
    assert folded(plain) == plain


@pytest.mark.parametrize("field", SHARED)
def test_both_readers_know_every_name(field: str) -> None:
    for name in ABROAD[field]:
        rest = {"title": "title", "stars": "rating"} | {SHARED[field]: name}
        assert columns_of(rest.values())[SHARED[field]] == name
        fields = FILM if field in FILM else EVENT
        assert match([name], {field: fields[field]}, {})[field] == name


def test_an_english_name_takes_precedence() -> None:
    assert match(["titel", "title"], FILM, {})["title"] == "title"
    assert columns_of(["titel", "title", "note", "rating"]) == {"title": "title", "stars": "rating"}
