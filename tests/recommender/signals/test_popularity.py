"""How well known and liked a film is counts for everybody alike, by the weight of the plan."""

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


def test_the_better_known_film_has_more_of_it():
    rows = np.array([1, 0, 2], np.int32)
    assert signal(3.0).scores(rows) == pytest.approx([1.5, 6.0, 0.0])
    assert signal(3.0).dense().values == pytest.approx([6.0, 1.5, 0.0])
    assert not signal(3.0).dense().in_tables


def test_where_nobody_has_liked_anything_the_worlds_votes_speak():
    quiet = bundle_of([replace(film, events=0) for film in (Film(acclaim=0.5), Film(acclaim=1.0))])
    assert signal(2.0, bundle=quiet).dense().values == pytest.approx([1.0, 2.0])


def test_between_the_two_each_says_its_part():
    # One other event beside each, and half of what is known at one other event: maturity .5.
    twice = bundle_of([replace(film, events=2) for film in FILMS])
    assert signal(1.0, Weights(mature_events=1.0), twice).dense().values == pytest.approx([1.25, 0.75, 1.0])


def test_without_a_weight_it_is_said_to_be_nothing():
    assert signal(0.0).dense().values.tolist() == [0, 0, 0]


def test_in_a_query_fame_is_part_of_the_match_and_not_counted_twice():
    asked = matches_of(3)
    assert signal(0.0, matches=asked) is None
    assert signal(1.0, matches=asked).scores(np.array([0], np.int32)) == pytest.approx([2.0])


def test_no_film_of_the_taste_is_ever_a_reason_for_it():
    result = signal(1.0)
    rows = np.array([0, 1], np.int32)
    assert result.cause is Cause.CATALOGUE
    assert result.contributions(rows) is None
    assert result.without(rows, leave_out(taste_of([0]), EVEN, np.array([0], np.int32))) is None
