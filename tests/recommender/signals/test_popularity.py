"""The popularity signal: the same for everyone, scaled by the plan's weight."""

from dataclasses import replace

import numpy as np
import pytest

from services.recommender.domain.request import Strategy
from services.recommender.domain.weights import Weights
from services.recommender.reasons.leave_one_out import leave_out
from services.recommender.signals.plan import Plan
from services.recommender.signals.popularity import Popularity
from services.recommender.signals.signal import Cause
from tests.recommender.handmade import EVEN, Film, bundle_of, matches_of, taste_of
from tests.recommender.worlds import make_inputs

FILMS = [Film(popularity=2.0, acclaim=0.5), Film(popularity=0.5, acclaim=1.0), Film(acclaim=2.0)]
BUNDLE = bundle_of(FILMS)


def signal(weight: float, constants: Weights = EVEN, bundle=BUNDLE, **inputs) -> Popularity | None:
    made = make_inputs(taste_of([0]), bundle, constants, Plan(Strategy.PERSONAL, popularity=weight))
    return Popularity.of(replace(made, **inputs))


def test_scores_are_popularity_times_the_weight():
    rows = np.array([1, 0, 2], np.int32)
    assert signal(3.0).scores(rows) == pytest.approx([1.5, 6.0, 0.0])
    assert signal(3.0).dense().values == pytest.approx([6.0, 1.5, 0.0])
    assert not signal(3.0).dense().in_tables


def test_without_events_it_is_acclaim():
    quiet = bundle_of([replace(film, events=0) for film in (Film(acclaim=0.5), Film(acclaim=1.0))])
    assert signal(2.0, bundle=quiet).dense().values == pytest.approx([1.0, 2.0])


def test_at_half_maturity_popularity_and_acclaim_count_half_each():
    # Each event has one other event on its film, and mature_events is 1: maturity .5.
    twice = bundle_of([replace(film, events=2) for film in FILMS])
    assert signal(1.0, Weights(mature_events=1.0), twice).dense().values == pytest.approx([1.25, 0.75, 1.0])


def test_without_a_weight_it_is_zero():
    assert signal(0.0).dense().values.tolist() == [0, 0, 0]


def test_in_a_query_it_needs_a_weight_because_the_match_includes_fame():
    matches = matches_of(3)
    assert signal(0.0, matches=matches) is None
    assert signal(1.0, matches=matches).scores(np.array([0], np.int32)) == pytest.approx([2.0])


def test_its_cause_is_the_catalogue_and_not_the_taste():
    result = signal(1.0)
    rows = np.array([0, 1], np.int32)
    assert result.cause is Cause.CATALOGUE
    assert result.contributions(rows) is None
    assert result.without(rows, leave_out(taste_of([0]), EVEN, np.array([0], np.int32))) is None
