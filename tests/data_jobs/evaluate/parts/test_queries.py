"""The queries, their relevant films, and the figures."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_jobs.evaluate.parts.queries import JudgedQuery, make, misspelt, queries, search, taglines
from data_jobs.readers.text import fold
from tests.data_jobs.evaluate import kit

titles = st.text(st.sampled_from("abc XYZ'-é1"), min_size=5, max_size=20).filter(
    lambda text: sum(map(str.isalpha, text)) >= 5
)


def edits(left: str, right: str) -> int:
    """Return the restricted Damerau-Levenshtein distance: drops, doubles, replacements and swaps count 1."""
    table = np.zeros((len(left) + 1, len(right) + 1), int)
    table[:, 0], table[0, :] = np.arange(len(left) + 1), np.arange(len(right) + 1)
    for i, j in np.ndindex(len(left), len(right)):
        best = min(table[i, j + 1] + 1, table[i + 1, j] + 1, table[i, j] + (left[i] != right[j]))
        if i and j and left[i] == right[j - 1] and left[i - 1] == right[j]:
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
    def test_fifty_of_each_kind_if_there_are_so_many(self, bench):
        made = make(bench.bundle.catalogue, 0)
        assert {kind: len(result) for kind, result in made.items()} == {"exact": 50, "typo": 50, "director": 9}

    def test_the_films_of_that_name_are_relevant_to_a_title(self, bench):
        catalogue = bench.bundle.catalogue
        for query in make(catalogue, 0)["exact"]:
            assert {catalogue.titles[row] for row in query.relevant} == {query.text}

    def test_all_films_of_a_director_are_relevant(self, bench):
        for query in make(bench.bundle.catalogue, 0)["director"]:
            films = {film.item_id for film in kit.films() if query.text in film.directors}
            assert {bench.bundle.catalogue.item_ids[row] for row in query.relevant} == films

    def test_the_same_seed_makes_the_same(self, bench):
        assert make(bench.bundle.catalogue, 4) == make(bench.bundle.catalogue, 4)
        assert make(bench.bundle.catalogue, 4) != make(bench.bundle.catalogue, 5)


class TitlesAndDetails:
    """A catalogue with only titles and details."""

    def __init__(self, *films: tuple[str, str, str]) -> None:
        self.titles = [title for title, _, _ in films]
        self.details = [json.dumps({"tagline": tagline, "overview": overview}) for _, tagline, overview in films]


class TestTaglines:
    def test_the_film_of_a_tagline_is_relevant(self):
        result = taglines(
            TitlesAndDetails(("Ran", "A father falls and the house burns", "A lord divides his land.")), 0
        )
        assert [(query.text, query.relevant) for query in result] == [("A father falls and the house burns", (0,))]

    @pytest.mark.parametrize(
        ("tagline", "overview"),
        [
            ("A father falls and the house burns", ""),
            ("Ran: a father falls and the house burns", "A lord divides his land."),
            ("See it now", "A lord divides his land."),
            ("", "A lord divides his land."),
        ],
    )
    def test_taglines_that_are_indexed_name_their_film_or_are_short_are_left_out(self, tagline, overview):
        assert taglines(TitlesAndDetails(("Ran", tagline, overview)), 0) == []

    def test_a_tagline_is_a_hit_if_its_film_is_among_the_ten(self, plain_bench, monkeypatch):
        monkeypatch.setattr("data_jobs.evaluate.parts.queries.taglines", lambda *_: [JudgedQuery("x", (3,))])
        for rows, mean in (((3,), 1.0), ((), 0.0)):
            pipeline = kit.RecordingPipeline(plain_bench.pipeline, {"x": rows})
            result = queries(replace(plain_bench, pipeline=pipeline), 0, kit.Listening())
            assert (result.tagline.mean, result.tagline.n) == (mean, 1)
            assert not [each for each in result.missed if each.startswith("tagline")]


class TestFigures:
    def test_ten_films_are_requested(self, plain_bench):
        assert len(search(plain_bench, "silent harbour")) == 10

    def test_figures_count_the_failed_queries(self, plain_bench):
        progress = kit.Listening()
        result = queries(plain_bench, 0, progress)
        assert progress.heard[-1] == ("known-item queries", 109, 109)
        assert (result.exact.n, result.typo.n, result.director.n) == (50, 50, 9)
        wrong = round(result.exact.n * (1 - result.exact.mean)) + round(result.typo.n * (1 - result.typo.mean))
        assert sum(not each.startswith("director") for each in result.missed) == wrong

    def test_a_perfect_search_has_perfect_figures(self, plain_bench):
        made = [query for each in make(plain_bench.bundle.catalogue, 0).values() for query in each]
        answers = {query.text: query.relevant for query in made}
        result = queries(
            replace(plain_bench, pipeline=kit.RecordingPipeline(plain_bench.pipeline, answers)), 0, kit.Listening()
        )
        assert (result.exact.mean, result.typo.mean, result.director.mean) == (1.0, 1.0, 1.0)
        assert result.missed == ()

    def test_a_search_without_hits_has_figures_of_0(self, plain_bench):
        result = queries(
            replace(plain_bench, pipeline=kit.RecordingPipeline(plain_bench.pipeline, {})), 0, kit.Listening()
        )
        assert result.exact.mean == result.typo.mean == result.director.mean == 0.0
        assert len(result.missed) == 109

    def test_a_film_in_the_second_place_is_no_exact_hit_but_near(self, plain_bench):
        made = make(plain_bench.bundle.catalogue, 0)
        other = kit.FILMS - 1
        answers = {query.text: (other, *query.relevant) for each in made.values() for query in each}
        result = queries(
            replace(plain_bench, pipeline=kit.RecordingPipeline(plain_bench.pipeline, answers)), 0, kit.Listening()
        )
        assert result.exact.mean <= 0.02  # the title of the other film itself may be a query
        assert result.typo.mean == 1.0
