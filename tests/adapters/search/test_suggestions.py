import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.adapters.search.analyser import words
from services.adapters.search.suggestions import Suggestions

TITLES = ("The Matrix", "Matter of Time", "The Mat", "Amélie", "Beyond the Mat", "", "Star Wars: The Empire", "!!!")


def test_words_side_by_side():
    suggestions = Suggestions.of(TITLES)
    assert suggestions.together("the mat").tolist() == [0, 2, 4]
    assert suggestions.together("mat").tolist() == [0, 1, 2, 4]
    assert suggestions.together("THE MATR").tolist() == [0]
    assert suggestions.together("ame").tolist() == [3]
    assert suggestions.together("star wars the emp").tolist() == [6]
    assert suggestions.together("atrix").tolist() == []


def test_words_anywhere():
    suggestions = Suggestions.of(TITLES)
    assert suggestions.apart("emp star").tolist() == [6]
    assert suggestions.apart("mat bey").tolist() == [4]
    assert suggestions.apart("matrix time").tolist() == []


@pytest.mark.parametrize("prefix", ["", "  ", "!", "\n", "zzz", "\ud800"])
def test_nothing_to_suggest(prefix):
    assert Suggestions.of(TITLES).together(prefix).tolist() == []
    assert Suggestions.of(TITLES).apart(prefix).tolist() == []
    assert Suggestions.of(()).together(prefix).tolist() == []


def test_saved_and_mapped(tmp_path):
    Suggestions.of(TITLES).save(tmp_path)
    loaded = Suggestions.load(tmp_path)
    assert loaded.together("the mat").tolist() == [0, 2, 4]
    assert loaded.starts.dtype == np.int32


@settings(max_examples=200)
@given(st.lists(st.text("ab c-é", max_size=12), max_size=12), st.text("ab cé", max_size=6))
def test_it_finds_what_looking_at_every_title_finds(titles, prefix):
    suggestions = Suggestions.of(titles)
    wanted = words(prefix)
    plain = {row for row, title in enumerate(titles) if wanted and begins(words(title), wanted)}
    apart = {
        row
        for row, title in enumerate(titles)
        if wanted and all(any(word.startswith(part) for word in words(title)) for part in wanted)
    }
    assert set(suggestions.together(prefix).tolist()) == plain
    assert set(suggestions.apart(prefix).tolist()) == apart


def begins(title: list[str], wanted: list[str]) -> bool:
    line = [" ".join(title[start:]) for start in range(len(title))]
    return any(rest.startswith(" ".join(wanted)) for rest in line)


class TestPort:
    def test_best_known_first(self, films_search, films_bundle):
        titles = [films_bundle.catalogue.titles[int(row)] for row in films_search.suggest("the mat", 5)]
        assert titles == ["The Matrix", "The Matrix Reloaded"]
        rows = films_search.suggest("heat", 5)
        assert [films_bundle.catalogue.item_ids[int(row)] for row in rows] == ["h1", "h2"]

    def test_words_in_another_order_fill_up(self, films_search, films_bundle):
        rows = films_search.suggest("rel mat", 5)
        assert [films_bundle.catalogue.titles[int(row)] for row in rows] == ["The Matrix Reloaded"]

    @pytest.mark.parametrize(("prefix", "limit", "found"), [("", 5, 0), ("film", 0, 0), ("film", 7, 7), ("zzz", 5, 0)])
    def test_limits(self, world_search, prefix, limit, found):
        rows = world_search.suggest(prefix, limit)
        assert len(rows) == found
        assert rows.dtype == np.int32

    def test_popularity_before_votes_before_row(self, world_search):
        assert world_search.suggest("film", 3).tolist() == [0, 1, 2]
