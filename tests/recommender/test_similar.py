"""Similar films: never the film itself, best first, each with a reason, by similarity and not by fame."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommender.domain.bundle import Bundle
from services.recommender.domain.weights import Weights
from services.recommender.errors import SearchUnavailable
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline, Hits, Release, SearchRequest, SearchResult
from services.recommender.similar import Similar, similar
from tests.builders import ManualClock, NumpySearch, make_release, world_of
from tests.recommender.handmade import Film, bundle_of

CLOCK = ManualClock()
# Full maturity, no lift, and all signals off: each test switches on the signal it checks.
NOTHING = Weights(
    mature_events=0.0, similar_collaborative=0.0, similar_content=0.0, similar_traits=0.0, similar_lift=0.0,
    similar_midpoint=1.0, similar_scale=0.5,
)  # fmt: skip
ALL_THREE = Weights(similar_collaborative=1.0, similar_content=2.0, similar_traits=4.0, similar_lift=0.5)


def pipeline_of(bundle: Bundle, constants: Weights) -> Pipeline:
    return Pipeline(Release(bundle, NumpySearch(bundle)), None, constants)


def ask(pipeline: Pipeline, row: int, k: int = 10) -> Similar:
    return similar(pipeline, row, k, Deadline.within(CLOCK, 1))


def rows(answer: Similar) -> list[int]:
    return [item.row for item in answer.items]


def raw(score: float) -> float:
    """Return the raw score of a shown score, by inverting the softsign with these weights."""
    signed = 2 * score - 1
    return 1.0 + 0.5 * signed / (1 - abs(signed))


def scores(films: Sequence[Film], constants: Weights, row: int = 0, **tables) -> dict[int, float]:
    """Return the raw score of each film in the answer; fame, which breaks ties, adds less than a hundredth."""
    return {item.row: raw(item.score) for item in ask(pipeline_of(bundle_of(films, **tables), constants), row).items}


class TestScores:
    def test_collaborative_scores_come_from_the_table_for_short_profiles(self):
        # .5 and .25 over four films: a mean of .1875.
        tables = {"short": {(0, 1): 0.5, (0, 2): 0.25}, "main": {(0, 3): 1.0}}
        result = scores([Film()] * 4, replace(NOTHING, similar_collaborative=1.5), **tables)
        assert result == pytest.approx({1: 1.5 * 0.5 / 0.1875, 2: 1.5 * 0.25 / 0.1875, 3: 0}, abs=1e-4)

    def test_lift_discounts_the_fame_of_films_liked_by_the_same_people(self):
        # (1 + 60 / 20) ** -.5 = .5 for the well-known one of two that are liked as much.
        films = [Film(), Film(events=60), Film(events=0)]
        constants = replace(NOTHING, similar_collaborative=1.0, similar_lift=0.5)
        result = scores(films, constants, short={(0, 1): 0.5, (0, 2): 0.5})
        assert list(result) == [2, 1]
        assert result[2] / result[1] == pytest.approx(2, rel=1e-3)

    def test_content_scores_are_squared_cosines(self):
        films = [Film(vector=(5, 0)), Film(vector=(0, 5)), Film(vector=(4, 3)), Film(vector=(-5, 0))]
        result = scores(films, replace(NOTHING, similar_content=0.5))
        assert result == pytest.approx({2: 0.5 * 0.64 / 0.25, 1: 0, 3: 0}, abs=1e-4)

    def test_trait_scores_are_the_overlap_of_traits(self):
        films = [
            Film(traits={"director: Ada Ford": 1, "keyword: heist": 1}),
            Film(traits={"keyword: heist": 1}),
            Film(traits={"director: Ada Ford": 1, "keyword: heist": 1}),
            Film(),
        ]
        pipeline = pipeline_of(bundle_of(films), replace(NOTHING, similar_traits=2.0))
        own = pipeline.trait_rows.films(np.arange(4, dtype=np.int32))
        expected = 2 * own.overlaps(own)[0]
        result = {item.row: raw(item.score) for item in ask(pipeline, 0).items}
        assert list(result) == [2, 1, 3]
        assert result == pytest.approx({row: expected[row] for row in (1, 2, 3)}, abs=1e-4)

    def test_fame_breaks_ties(self):
        films = [Film(popularity=0.5), Film(popularity=0.25), Film(popularity=1.0)]
        pipeline = pipeline_of(bundle_of(films), replace(NOTHING, similar_traits=1.0))
        assert rows(ask(pipeline, 0)) == [2, 1]
        assert all(raw(item.score) < 0.01 for item in ask(pipeline, 0).items)

    def test_without_events_the_tables_are_not_used(self):
        films = [Film(events=0)] * 3
        result = scores(films, replace(NOTHING, similar_collaborative=1.0, mature_events=1.0), short={(0, 1): 0.5})
        assert result == pytest.approx({1: 0, 2: 0}, abs=1e-4)


class TestWhichFilmsAreReturned:
    @given(st.integers(0, 119), st.integers(1, 30))
    @settings(max_examples=30)
    def test_a_shorter_answer_is_a_prefix_of_a_longer_one_and_never_contains_the_film_itself(self, row, k):
        pipeline = Pipeline(make_release(), None, ALL_THREE)
        short, long = ask(pipeline, row, k), ask(pipeline, row, 60)
        assert short.items == long.items[:k]
        assert row not in rows(long)
        assert [item.score for item in long.items] == sorted((item.score for item in long.items), reverse=True)
        assert all(len(item.reasons) == 1 for item in long.items)

    def test_a_large_k_returns_all_other_films(self):
        assert sorted(rows(ask(pipeline_of(bundle_of([Film()] * 3), NOTHING), 1, 50))) == [0, 2]

    def test_a_catalogue_of_one_film_has_no_similar_films(self):
        assert ask(pipeline_of(bundle_of([Film(vector=(5,))]), NOTHING), 0).items == []

    def test_films_similar_only_in_text_or_traits_are_retrieved_too(self):
        # Six hundred films that the same people like fill all places of the collaborative retriever.
        films = [Film(traits={"director: Ada Ford": 1}, vector=(5, 0)), *[Film(vector=(0, 5))] * 600]
        films += [Film(vector=(4, 3)), Film(traits={"director: Ada Ford": 1})]
        liked = {(0, row): 0.5 for row in range(1, 601)}
        constants = replace(NOTHING, similar_collaborative=1.0, similar_content=99.0, similar_traits=999.0)
        assert rows(ask(pipeline_of(bundle_of(films, short=liked), constants), 0, 3))[:2] == [602, 601]

    def test_a_film_outside_the_tables_has_similar_films(self):
        pipeline = Pipeline(make_release(), None, ALL_THREE)
        similar_rows = rows(ask(pipeline, 118, 10))
        assert np.mean([world_of(row) == world_of(118) for row in similar_rows]) >= 0.9


class TestReasons:
    def test_the_cited_traits_weight_is_its_contribution_to_the_score(self):
        films = [Film(traits={"director: Ada Ford": 1, "genre: Crime": 1}) for _ in range(2)]
        films += [Film(traits={"genre: Crime": 1}), Film()]
        pipeline = pipeline_of(bundle_of(films), replace(NOTHING, similar_traits=3.0))
        best = ask(pipeline, 0).items[0]
        (reason,) = best.reasons
        assert (best.row, reason.text) == (1, "Also directed by Ada Ford")
        # The director's number comes before that of the genre.
        assert reason.weight == pytest.approx(3 * float(pipeline.trait_rows.values[0]) ** 2, rel=1e-4)
        assert pipeline.trait_rows.values[0] != pipeline.trait_rows.values[1]


class TestSearch:
    def test_is_called_with_the_films_vector_and_its_time_and_degradation_are_reported(self):
        films = [Film(vector=(5, 0)), Film(vector=(4, 3)), Film()]
        bundle = bundle_of(films)
        search = Slow(bundle)
        answer = ask(Pipeline(Release(bundle, search), None, NOTHING), 0)
        assert search.requests[0].text is None
        assert search.requests[0].vectors.tolist() == [pytest.approx([1, 0])]
        assert answer.stages == {"knn": 7.0}
        assert answer.degraded == ("search: the engine was late",)

    @pytest.mark.parametrize("films", [[Film(), Film(vector=(5, 0))], [Film(), Film()]])
    def test_is_not_called_for_a_film_without_a_vector(self, films):
        bundle = bundle_of(films)
        search = Slow(bundle)
        answer = ask(Pipeline(Release(bundle, search), None, NOTHING), 0)
        assert search.requests == []
        assert (answer.stages, answer.degraded) == ({}, ())

    def test_if_it_is_down_the_caller_gets_the_error(self):
        bundle = bundle_of([Film(vector=(5, 0)), Film(vector=(4, 3))])
        pipeline = Pipeline(Release(bundle, NumpySearch(bundle, down=True)), None, NOTHING)
        with pytest.raises(SearchUnavailable):
            ask(pipeline, 0)


class Slow(NumpySearch):
    """A fallback that reports seven milliseconds and why it answered."""

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        hits = super().search(request, deadline).knn
        assert hits is not None
        timed = Hits(hits.rows, hits.scores, hits.reference, hits.floor, 7.0)
        return SearchResult(None, timed, ("the engine was late",))


class TestChildren:
    GENRES = (("Animation", "Family", "Comedy"), ("Horror", "Animation"), ("Science Fiction",), ("Animation", "Family"))

    def answer(self, row: int) -> list[int]:
        films = [Film(genres=genres, traits={"keyword: alien": 1.0}) for genres in self.GENRES]
        return rows(ask(pipeline_of(bundle_of(films), replace(NOTHING, similar_traits=1.0)), row))

    def test_a_film_for_children_has_no_similar_films_for_adults_only(self):
        assert sorted(self.answer(0)) == [2, 3]

    def test_for_other_films_nothing_is_left_out(self):
        assert sorted(self.answer(2)) == [0, 1, 3]
