"""The invariant of reasons: without the cited film in the taste, under the same plan, the film's raw score falls."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommender.domain.history import EventKind
from services.recommender.domain.profile import Profile
from services.recommender.domain.request import Ranking, Request
from services.recommender.domain.weights import Weights
from services.recommender.pipeline import Pipeline
from services.recommender.ports import Deadline
from services.recommender.reasons.leave_one_out import EXAMINED, SHORT_TASTE, influences, largest, leave_out
from services.recommender.signals import SIGNALS, mixture_of
from services.recommender.signals.collaborative import Collaborative
from services.recommender.signals.signal import Cause
from services.recommender.taste.fold_in import fold_in
from tests.builders import ManualClock, make_release, person
from tests.recommender.worlds import BUNDLES, FILMS, bundles, likes, make_inputs, tastes, weights

CLOCK = ManualClock()
EVERY = np.arange(FILMS, dtype=np.int32)
# The references of the tables are recomputed only over their best 100 and the requested films.
REFERENCES = 0.02
ROUNDING = 2e-4


def run(pipeline: Pipeline, profile: Profile, plan=None, **request) -> Ranking:
    request = Request(user_id="ann", diversity=0.0, explain=True, **request)
    return pipeline.rank(request, profile, Deadline.within(CLOCK, 1), plan=plan)


def raw_scores(pipeline: Pipeline, profile: Profile, plan) -> dict[int, float]:
    shown = (run(pipeline, profile, plan, k=FILMS, include_seen=True)).items
    return {item.row: sum(item.signals.values()) for item in shown}


def names(pipeline: Pipeline, profile: Profile) -> list[str]:
    catalogue = pipeline.bundle.catalogue
    return [catalogue.item_ids[row] for row in catalogue.rows_of_hashes(profile.history.hashes).tolist()]


def without(pipeline: Pipeline, profile: Profile, film: str) -> Profile:
    return person(*[name for name in names(pipeline, profile) if name != film])


def all_falls(pipeline: Pipeline, profile: Profile) -> dict[str, dict[int, float]]:
    """Return how much each raw score falls without each film of the taste, under the same plan."""
    plan = pipeline.plan(Request(user_id="ann"), profile)
    whole = raw_scores(pipeline, profile, plan)
    falls = {}
    for name in names(pipeline, profile):
        rest = raw_scores(pipeline, without(pipeline, profile, name), plan)
        falls[name] = {row: whole[row] - rest[row] for row in whole.keys() & rest.keys()}
    return falls


class TestCitedFilms:
    @given(tastes, weights, bundles)
    @settings(max_examples=30)
    def test_without_the_cited_film_the_score_falls_by_the_weight_of_the_reason(self, profile, constants, world):
        pipeline = Pipeline(make_release(BUNDLES[world]), None, constants)
        falls = all_falls(pipeline, profile)
        for item in run(pipeline, profile, k=5).items:
            scale = 1 + sum(map(abs, item.signals.values()))
            for reason in item.reasons:
                if reason.item_id is None:
                    continue
                fall = falls[reason.item_id][item.row]
                assert reason.weight == pytest.approx(fall, abs=REFERENCES * scale)
                assert reason.weight <= REFERENCES * scale or fall > 0

    @given(tastes, weights, bundles)
    @settings(max_examples=20)
    def test_the_cited_film_is_among_the_two_largest_falls(self, profile, constants, world):
        pipeline = Pipeline(make_release(BUNDLES[world]), None, constants)
        falls = all_falls(pipeline, profile)
        supported = pipeline.bundle.collaborative.supported
        rows = pipeline.bundle.catalogue.rows_of(falls)
        for item in run(pipeline, profile, k=5).items:
            cited = next((reason for reason in item.reasons if reason.item_id is not None), None)
            if cited is None or not supported(rows, np.array([item.row], np.int32), 2).all():
                continue
            second = sorted((of_film[item.row] for of_film in falls.values()), reverse=True)[:2][-1]
            scale = 1 + sum(map(abs, item.signals.values()))
            assert falls[cited.item_id][item.row] >= second - REFERENCES * scale

    def test_in_a_long_taste_the_weight_is_the_fall_and_among_the_two_largest(self):
        pipeline = Pipeline(make_release(BUNDLES["with vectors"]), None, Weights(mature_events=0.0))
        profile = person(*[f"f{row}" for row in range(0, 120, 2)], *[f"f{row}" for row in range(1, 81, 2)])
        falls = all_falls(pipeline, profile)
        items = run(pipeline, profile, k=10).items
        cited = [(item.row, reason) for item in items for reason in item.reasons if reason.item_id is not None]
        assert cited
        for row, reason in cited:
            assert reason.weight == pytest.approx(falls[reason.item_id][row], abs=2e-3)
            assert falls[reason.item_id][row] >= sorted(fall[row] for fall in falls.values())[-2] - 2e-3

    def test_a_watched_film_is_not_called_liked(self):
        pipeline = Pipeline(make_release(BUNDLES["with vectors"]), None, Weights(popularity=0.0, traits=0.1))
        ranking = run(pipeline, person("f1", "f4", kind=EventKind.WATCH), k=5)
        cited = [reason.text for item in ranking.items for reason in item.reasons if reason.item_id is not None]
        assert cited
        assert all(text.startswith("Because you watched") for text in cited)


@pytest.mark.parametrize("make", SIGNALS, ids=lambda make: make.__self__.__name__)
class TestEverySignal:
    @given(likes, weights, bundles, st.floats(0, 1))
    @settings(max_examples=40)
    def test_without_a_film_equals_the_signal_of_the_taste_without_it(self, make, rows, constants, world, clear):
        whole = make_inputs(taste_of(rows), BUNDLES[world], constants, clear=clear)
        signal = make(whole)
        if signal is None:
            return
        left_out = np.arange(len(whole.taste.rows), dtype=np.int32)
        result = signal.without(EVERY, leave_out(whole.taste, constants, left_out))
        scores = signal.scores(EVERY)
        for at, film in enumerate(left_out.tolist()):
            rest = make(make_inputs(whole.taste.without(film), BUNDLES[world], constants, whole.plan))
            expected = np.zeros_like(scores) if rest is None else rest.scores(EVERY)
            tolerance = REFERENCES if make == Collaborative.of else ROUNDING
            rest_scores = scores if result is None else result[at]
            assert rest_scores == pytest.approx(expected, abs=tolerance * (1 + float(np.abs(scores).max())))

    @given(likes, weights, bundles, st.floats(0, 1))
    @settings(max_examples=25)
    def test_scores_of_some_films_equal_those_of_all(self, make, rows, constants, world, clear):
        signal = make(make_inputs(taste_of(rows), BUNDLES[world], constants, clear=clear))
        if signal is None:
            return
        some = np.array([3, 118, 60, 7], np.int32)
        scores = signal.scores(EVERY)
        assert scores.shape == (FILMS,)
        assert np.isfinite(scores).all()
        assert signal.scores(some) == pytest.approx(scores[some], abs=ROUNDING)
        dense = signal.dense()
        if dense is not None:
            films = BUNDLES[world].collaborative.spread(dense.values) if dense.in_tables else dense.values
            assert films == pytest.approx(scores, abs=ROUNDING)

    @given(likes, weights, bundles, st.floats(0, 1))
    @settings(max_examples=25)
    def test_contributions_of_the_tastes_films_add_up_to_the_score(self, make, rows, constants, world, clear):
        whole = make_inputs(taste_of(rows), BUNDLES[world], constants, clear=clear)
        signal = make(whole)
        if signal is None or signal.cause is Cause.CATALOGUE:
            return
        terms = signal.contributions(EVERY)
        if terms is None:
            return
        assert terms.shape == (len(rows), FILMS)
        # Exact only where the signal is linear in the taste; novelty is cut at 0.
        scores = signal.scores(EVERY)
        if signal.name != "novelty":
            assert terms.sum(axis=0) == pytest.approx(scores, abs=5e-3 * (1 + float(np.abs(scores).max())))

    def test_of_an_empty_taste_is_zero(self, make):
        constants = Weights()
        plan = make_inputs(taste_of([1, 4, 7]), BUNDLES["with vectors"], constants).plan
        signal = make(make_inputs(taste_of([]), BUNDLES["with vectors"], constants, plan))
        if signal is not None and signal.cause is Cause.TASTE:
            assert not signal.scores(EVERY).any()


def taste_of(rows: list[int]):
    bundle = BUNDLES["with vectors"]
    return fold_in(bundle.catalogue, person(*[f"f{row}" for row in rows]).history)


class TestExaminedFilms:
    def test_in_a_short_taste_every_film_is_examined(self):
        inputs = make_inputs(taste_of(list(range(SHORT_TASTE))), BUNDLES["with vectors"])
        films, falls = influences(inputs.constants, inputs.taste, mixture_of(inputs), EVERY[60:70])
        assert films.tolist() == list(range(SHORT_TASTE))
        assert {part.shape for part in falls.values()} == {(SHORT_TASTE, 10)}

    def test_in_a_long_taste_falls_do_not_depend_on_the_other_films_requested(self):
        inputs = make_inputs(taste_of(list(range(100))), BUNDLES["with vectors"])
        mixture = mixture_of(inputs)
        of_all, together = influences(inputs.constants, inputs.taste, mixture, EVERY[100:])
        of_one, alone = influences(inputs.constants, inputs.taste, mixture, EVERY[105:106])
        assert len(of_one) == EXAMINED
        assert alone.keys() <= together.keys()
        for name, falls in alone.items():
            at = np.searchsorted(of_all, of_one)
            assert falls[:, 0] == pytest.approx(together[name][at, 5], abs=ROUNDING)

    def test_only_what_may_be_cited_is(self):
        films, falls = np.array([3, 5], np.int32), np.array([[0.9], [0.4]], np.float32)
        citable = np.array([[False], [True]])
        assert largest(films, falls, 2, citable) == [[(5, pytest.approx(0.4))]]
