"""Column names in many languages: one table and one way to fold a name, for histories and for training data."""

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


@pytest.mark.parametrize("ours", SHARED)
def test_both_readers_know_every_name(ours: str) -> None:
    for theirs in ABROAD[ours]:
        rest = {"title": "title", "stars": "rating"} | {SHARED[ours]: theirs}
        assert columns_of(rest.values())[SHARED[ours]] == theirs
        wanted = FILM if ours in FILM else EVENT
        assert match([theirs], {ours: wanted[ours]}, {})[ours] == theirs


def test_an_english_name_wins() -> None:
    assert match(["titel", "title"], FILM, {})["title"] == "title"
    assert columns_of(["titel", "title", "note", "rating"]) == {"title": "title", "stars": "rating"}
