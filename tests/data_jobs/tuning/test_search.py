import pytest

from data_jobs.tuning.search import RANDOM_TRIALS, propose
from data_jobs.tuning.space import Bounds
from data_jobs.tuning.sweep import WeightsTrial

SPACE = {"traits": Bounds(0.0, 3.0), "popularity": Bounds(0.2, 3.0, log=True)}


def hill(values):
    return 1 - (values["traits"] - 2) ** 2 - (values["popularity"] - 0.5) ** 2


def search(count, seed=0, trials=()):
    trials = list(trials)
    while len(trials) < count:
        values = propose(trials, SPACE, seed)
        trials.append(WeightsTrial(len(trials), values, hill(values), 0.5, {}, 0.0))
    return trials


@pytest.fixture(scope="module")
def trials():
    return search(40)


def test_proposals_lie_within_the_bounds_with_four_digits(trials):
    for trial in trials:
        for name, bounds in SPACE.items():
            value = trial.values[name]
            assert bounds.low <= value <= bounds.high
            assert value == float(f"{value:.4g}")


def test_the_search_improves(trials):
    first = max(trial.worth for trial in trials[:RANDOM_TRIALS])
    assert max(trial.worth for trial in trials) > max(first, 0.95)


def test_an_interrupted_search_resumes_unchanged(trials):
    for stopped in (1, RANDOM_TRIALS, 30):
        resumed = search(stopped + 2, trials=trials[:stopped])
        assert [trial.values for trial in resumed] == [trial.values for trial in trials[: stopped + 2]]


def test_another_seed_proposes_other_values(trials):
    assert search(2, seed=1)[1].values != trials[1].values
