"""The queries are made fairly: what is wanted is known, and a typing error is one."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.evaluate.queries import JudgedQuery, make, misspelt, queries, search, taglines
from data_jobs.readers.text import fold
from tests.data_jobs.evaluate import kit

titles = st.text(st.sampled_from("abc XYZ'-é1"), min_size=5, max_size=20).filter(
    lambda text: sum(map(str.isalpha, text)) >= 5
)


def edits(one: str, other: str) -> int:
    """Damerau-Levenshtein distance, restricted: drops, doubles, replacements and exchanges count 1."""
    table = np.zeros((len(one) + 1, len(other) + 1), int)
    table[:, 0], table[0, :] = np.arange(len(one) + 1), np.arange(len(other) + 1)
    for i, j in np.ndindex(len(one), len(other)):
        best = min(table[i, j + 1] + 1, table[i + 1, j] + 1, table[i, j] + (one[i] != other[j]))
        if i and j and one[i] == other[j - 1] and one[i - 1] == other[j]:
            best = min(best, table[i - 1, j - 1] + 1)
        table[i + 1, j + 1] = best
    return int(table[-1, -1])


@given(titles, st.integers(0, 10_000))
def test_a_misspelt_title_is_one_error_away(title, seed):
    assert edits(title, misspelt(title, np.random.default_rng(seed))) == 1


@given(titles, st.integers(0, 10_000))
def test_a_misspelt_title_reads_differently(title, seed):
    assert fold(misspelt(title, np.random.default_rng(seed))) != fold(title)


class TestMaking:
    def test_fifty_of_each_kind_where_there_are_so_many(self, bench):
        made = make(bench.bundle.catalogue, 0)
        assert {kind: len(found) for kind, found in made.items()} == {"exact": 50, "typo": 50, "director": 9}

    def test_a_title_wants_the_films_of_that_name(self, bench):
        catalogue = bench.bundle.catalogue
        for query in make(catalogue, 0)["exact"]:
            assert {catalogue.titles[row] for row in query.relevant} == {query.text}

    def test_a_director_wants_all_their_films(self, bench):
        for query in make(bench.bundle.catalogue, 0)["director"]:
            films = {film.item_id for film in kit.films() if query.text in film.directors}
            assert {bench.bundle.catalogue.item_ids[row] for row in query.relevant} == films

    def test_the_same_seed_makes_the_same(self, bench):
        assert make(bench.bundle.catalogue, 4) == make(bench.bundle.catalogue, 4)
        assert make(bench.bundle.catalogue, 4) != make(bench.bundle.catalogue, 5)


class Told:
    """A catalogue of which only titles and details are looked at."""

    def __init__(self, *films: tuple[str, str, str]) -> None:
        self.titles = [title for title, _, _ in films]
        self.details = [json.dumps({"tagline": tagline, "overview": overview}) for _, tagline, overview in films]


class TestTaglines:
    def test_a_tagline_wants_its_film(self):
        found = taglines(Told(("Ran", "A father falls and the house burns", "A lord divides his land.")), 0)
        assert [(query.text, query.relevant) for query in found] == [("A father falls and the house burns", (0,))]

    @pytest.mark.parametrize(
        ("tagline", "overview"),
        [
            ("A father falls and the house burns", ""),
            ("Ran: a father falls and the house burns", "A lord divides his land."),
            ("See it now", "A lord divides his land."),
            ("", "A lord divides his land."),
        ],
    )
    def test_what_would_be_found_by_words_or_says_nothing_is_not_asked(self, tagline, overview):
        assert taglines(Told(("Ran", tagline, overview)), 0) == []

    def test_it_is_counted_if_its_film_is_among_the_ten(self, plain_bench, monkeypatch):
        monkeypatch.setattr("data_jobs.evaluate.queries.taglines", lambda *_: [JudgedQuery("x", (3,))])
        for wanted, mean in (((3,), 1.0), ((), 0.0)):
            pipeline = kit.Asked(plain_bench.pipeline, {"x": wanted})
            found = queries(replace(plain_bench, pipeline=pipeline), 0, kit.Listening())
            assert (found.tagline.mean, found.tagline.n) == (mean, 1)
            assert not [each for each in found.missed if each.startswith("tagline")]


class TestAsking:
    def test_the_pipeline_is_asked_for_ten_films(self, plain_bench):
        assert len(search(plain_bench, "silent harbour")) == 10

    def test_figures_count_what_was_missed(self, plain_bench):
        progress = kit.Listening()
        found = queries(plain_bench, 0, progress)
        assert progress.heard[-1] == ("known-item queries", 109, 109)
        assert (found.exact.n, found.typo.n, found.director.n) == (50, 50, 9)
        wrong = round(found.exact.n * (1 - found.exact.mean)) + round(found.typo.n * (1 - found.typo.mean))
        assert sum(not each.startswith("director") for each in found.missed) == wrong

    def test_a_search_that_always_finds_scores_full(self, plain_bench):
        made = [query for each in make(plain_bench.bundle.catalogue, 0).values() for query in each]
        answers = {query.text: query.relevant for query in made}
        found = queries(replace(plain_bench, pipeline=kit.Asked(plain_bench.pipeline, answers)), 0, kit.Listening())
        assert (found.exact.mean, found.typo.mean, found.director.mean) == (1.0, 1.0, 1.0)
        assert found.missed == ()

    def test_a_search_that_never_finds_scores_nothing(self, plain_bench):
        found = queries(replace(plain_bench, pipeline=kit.Asked(plain_bench.pipeline, {})), 0, kit.Listening())
        assert found.exact.mean == found.typo.mean == found.director.mean == 0.0
        assert len(found.missed) == 109

    def test_a_film_in_the_second_place_is_no_exact_hit_but_near(self, plain_bench):
        made = make(plain_bench.bundle.catalogue, 0)
        other = kit.FILMS - 1
        answers = {query.text: (other, *query.relevant) for each in made.values() for query in each}
        found = queries(replace(plain_bench, pipeline=kit.Asked(plain_bench.pipeline, answers)), 0, kit.Listening())
        assert found.exact.mean <= 0.02  # the other film itself may be asked for
        assert found.typo.mean == 1.0
