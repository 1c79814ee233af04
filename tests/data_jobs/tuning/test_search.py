import pytest

from data_jobs.tuning.search import AT_RANDOM, propose
from data_jobs.tuning.space import Bounds
from data_jobs.tuning.sweep import WeightsTrial

SPACE = {"traits": Bounds(0.0, 3.0), "popularity": Bounds(0.2, 3.0, log=True)}


def hill(values):
    return 1 - (values["traits"] - 2) ** 2 - (values["popularity"] - 0.5) ** 2


def searched(count, seed=0, done=()):
    trials = list(done)
    while len(trials) < count:
        values = propose(trials, SPACE, seed)
        trials.append(WeightsTrial(len(trials), values, hill(values), 0.5, {}, 0.0))
    return trials


@pytest.fixture(scope="module")
def trials():
    return searched(40)


def test_proposals_lie_within_the_bounds_with_four_digits(trials):
    for trial in trials:
        for name, bounds in SPACE.items():
            value = trial.values[name]
            assert bounds.low <= value <= bounds.high
            assert value == float(f"{value:.4g}")


def test_it_climbs(trials):
    first = max(trial.worth for trial in trials[:AT_RANDOM])
    assert max(trial.worth for trial in trials) > max(first, 0.95)


def test_it_goes_on_as_if_it_had_not_been_interrupted(trials):
    for stopped in (1, AT_RANDOM, 30):
        again = searched(stopped + 2, done=trials[:stopped])
        assert [trial.values for trial in again] == [trial.values for trial in trials[: stopped + 2]]


def test_another_seed_searches_elsewhere(trials):
    assert searched(2, seed=1)[1].values != trials[1].values
