import pytest

from data_jobs.report import DataError
from data_jobs.tuning.space import SEARCH_SPACE, Bounds, space_of, values_of, with_values
from services.recommender.domain.weights import Weights


@pytest.mark.parametrize("name", SEARCH_SPACE)
def test_the_weights_in_use_lie_within_the_bounds(name):
    bounds = SEARCH_SPACE[name]
    assert bounds.low <= getattr(Weights(), name) <= bounds.high
    assert bounds.low < bounds.high
    assert not bounds.log or bounds.low > 0


def test_only_the_named_weights_are_searched_and_unknown_ones_are_refused():
    assert list(space_of(["traits", "novelty"], Weights())) == ["traits", "novelty"]
    assert list(space_of([], Weights())) == list(SEARCH_SPACE)
    with pytest.raises(DataError, match="weight 'fame' cannot be searched; expected one of recency_floor, "):
        space_of(["fame"], Weights())


def test_bounds_are_widened_for_the_weight_in_use():
    assert space_of(["traits"], Weights(traits=9))["traits"] == Bounds(0, 9)
    assert space_of(["popularity"], Weights(popularity=0))["popularity"] == Bounds(0, 3), "no logarithmic scale from 0"


def test_values_of_weights_round_trip():
    space = space_of(["traits", "novelty"], Weights())
    changed = with_values(Weights(), {"traits": 0.5, "novelty": 0.1})
    assert values_of(changed, space) == {"traits": 0.5, "novelty": 0.1}
    assert changed.popularity == Weights().popularity
