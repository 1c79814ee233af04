import pytest

from data_jobs.report import DataError
from data_jobs.tuning.space import Bounds
from data_jobs.tuning.sweep import Sweep, WeightsTrial

SPACE = {"traits": Bounds(0.0, 3.0)}
TRIALS = [WeightsTrial(at, {"traits": 1 / 3 + at}, 1 + at / 7, 0.5, {"whole": 1 / 3}, 1.0) for at in range(3)]


@pytest.fixture
def sweep(tmp_path):
    return Sweep(tmp_path / "eval/sweep_all.csv", "abc", SPACE, ["whole"])


def fill(sweep):
    assert sweep.read() == []
    for trial in TRIALS:
        sweep.add(trial)
    return sweep


def test_trials_are_read_to_the_last_digit(sweep):
    assert fill(sweep).read() == TRIALS


def test_the_file_has_a_heading_and_a_line_per_trial(sweep):
    lines = fill(sweep).path.read_text().splitlines()
    assert lines[0] == "setup,trial,worth,diversity,seconds,ndcg whole,traits"
    assert len(lines) == 4


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_truncated_line_is_removed(sweep, cut):
    text = fill(sweep).path.read_text()
    sweep.path.write_text(text[:-cut])
    assert sweep.read() == TRIALS[:2]
    sweep.add(TRIALS[2])
    assert sweep.read() == TRIALS


def test_the_trials_of_another_search_are_refused(sweep, tmp_path):
    fill(sweep)
    for other_search in (
        Sweep(sweep.path, "other", SPACE, ["whole"]),
        Sweep(sweep.path, "abc", SPACE, ["whole", "1 like"]),
        Sweep(sweep.path, "abc", {"novelty": Bounds(0, 1)}, ["whole"]),
    ):
        with pytest.raises(DataError, match="--fresh"):
            other_search.read()
