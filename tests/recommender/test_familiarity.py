"""Familiarity favours well-known or hardly known films, and changes nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommender.domain.request import ReasonKind, Request
from services.recommender.domain.weights import Weights
from services.recommender.facts import MIDDLE, familiarity_factor, renown
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline
from tests.builders import HashEncoder, ManualClock, make_bundle, make_release, person

BUNDLE = make_bundle()
PIPELINE = Pipeline(make_release(BUNDLE), HashEncoder())
RENOWN = renown(BUNDLE)

LEVELS = st.floats(0, 1)
TASTES = st.lists(st.integers(0, 119), max_size=8, unique=True)


def run(request: Request, liked: list[int] | None = None, pipeline: Pipeline = PIPELINE):
    profile = person(*[f"f{row}" for row in liked]) if liked else None
    return pipeline.rank(replace(request, user_id="ann"), profile, Deadline.within(ManualClock(), 1.2))


def rows(ranking) -> list[int]:
    return [item.row for item in ranking.items]


def place_by_renown(row: int) -> int:
    """0 for the best known film."""
    return int(np.count_nonzero(RENOWN[row] < RENOWN))


class TestRenown:
    def test_the_best_known_fifty_average_one(self):
        assert RENOWN[:50].mean() == pytest.approx(1)
        assert np.all(np.diff(RENOWN) < 0), "in this world rows are in the order of fame"

    def test_of_a_film_without_events_comes_from_its_votes(self):
        bundle = make_bundle()
        bundle.collaborative.events[3] = 0
        bundle.catalogue.votes[119] = 5_000
        assert renown(bundle)[3] == pytest.approx(RENOWN[3], rel=0.1)
        assert renown(bundle)[119] > 1

    def test_without_events_and_votes_all_are_zero(self):
        bundle = make_bundle()
        bundle.collaborative.events[:] = 0
        bundle.catalogue.votes[:] = 0
        assert not renown(bundle).any()
        assert np.all(familiarity_factor(renown(bundle), 0.0) == 1)


class TestFactor:
    @pytest.mark.parametrize("familiarity", [None, MIDDLE])
    def test_the_default_is_no_factor(self, familiarity):
        assert familiarity_factor(RENOWN, familiarity) is None

    def test_an_empty_catalogue_has_none(self):
        assert familiarity_factor(np.empty(0, np.float32), 0.0) is None

    @given(LEVELS)
    def test_is_at_most_one_and_one_for_at_least_one_film(self, familiarity):
        factor = familiarity_factor(RENOWN, familiarity)
        if factor is not None:
            assert factor.dtype == np.float32
            assert np.all((factor > 0) & (factor <= 1))
            assert factor.max() == 1

    @given(LEVELS, LEVELS)
    def test_more_familiarity_never_lowers_a_better_known_film_relative_to_another(self, first, second):
        low, high = (familiarity_factor(RENOWN, level) for level in sorted([first, second]))
        ratio = (1 if high is None else high) / (np.ones_like(RENOWN) if low is None else low)
        assert np.all(np.diff(ratio) <= 1e-4 * ratio[:-1]), "rows are in the order of renown"


class TestLists:
    @given(LEVELS, LEVELS, TASTES, st.integers(1, 30))
    def test_raising_it_never_makes_the_median_film_less_known(self, first, second, liked, k):
        medians = [
            np.median(
                [place_by_renown(row) for row in rows(run(Request(k=k, diversity=0.0, familiarity=level), liked))]
            )
            for level in sorted([first, second])
        ]
        assert medians[1] <= medians[0]

    @given(TASTES, st.sampled_from([None, "film 7"]))
    def test_the_default_changes_nothing(self, liked, query):
        plain, middle = (run(Request(k=30, query=query, familiarity=level), liked) for level in (None, MIDDLE))
        assert plain.items == middle.items

    def test_its_extremes_change_the_list(self):
        little, plain, much = (
            np.median(rows(run(Request(k=10, diversity=0.0, familiarity=level), [1, 4, 7]))) for level in (0, None, 1)
        )
        assert little > plain >= much

    def test_works_without_a_taste(self):
        assert np.median(rows(run(Request(k=10, familiarity=0.0)))) > 60
        assert rows(run(Request(k=3, familiarity=1.0, diversity=0.0))) == [0, 1, 2]

    def test_a_query_still_finds_the_named_film(self):
        pipeline = Pipeline(make_release(make_bundle(vectors=False)), None)
        assert rows(run(Request(query="0", k=1, familiarity=0.0), None, pipeline)) == [0]

    def test_applies_to_the_playbook_preset_too(self):
        pipeline = Pipeline(make_release(make_bundle(weights=Weights(formula="playbook"))), None)
        low, high = (rows(run(Request(k=10, familiarity=level), [1, 4], pipeline)) for level in (0, 1))
        assert np.median(low) > np.median(high)

    @given(st.sampled_from([0.0, 0.3, 1.0]), TASTES)
    def test_signals_still_add_up_to_the_score_and_cited_films_have_positive_weights(self, familiarity, liked):
        request = Request(k=10, familiarity=familiarity, explain=True, diversity=0.0)
        scores = [item.score for item in run(request, liked).items]
        assert scores == sorted(scores, reverse=True)
        for item in run(request, liked).items:
            raw = sum(item.signals.values())
            cited = [reason.weight for reason in item.reasons if reason.kind is ReasonKind.LIKED]
            assert all(weight > 0 for weight in cited)
            x = raw - 1.0
            assert item.score == pytest.approx((1 + x / (1 + abs(x))) / 2, abs=1e-5)
