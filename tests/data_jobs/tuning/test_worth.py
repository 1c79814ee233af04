import numpy as np
import pytest

from data_jobs.evaluate.protocol import Result
from data_jobs.tuning.validation import GroupResults
from data_jobs.tuning.worth import margin, variety, worth


def results(group, people, worths, diversity=0.5):
    half = np.array(worths, np.float64) / 2
    kind = np.full(len(half), diversity)
    return GroupResults(group, tuple(people), Result("x", [], half, half, kind, kind, 0.0))


BASE = [results("whole", "abcd", [0.2, 0.4, 0.2, 0.4]), results("1 like", "ae", [1.0, 1.0])]


def test_the_weights_in_use_are_worth_1():
    assert worth(BASE, BASE) == pytest.approx(1)
    assert variety(BASE) == pytest.approx(0.5)


def test_groups_count_equally():
    better = [results("whole", "abcd", [0.22, 0.44, 0.22, 0.44]), BASE[1]]
    assert worth(better, BASE) == pytest.approx(1.05)
    assert worth([BASE[0], results("1 like", "ae", [1.1, 1.1])], BASE) == pytest.approx(1.05)


def test_lost_diversity_is_subtracted_and_gained_diversity_ignored():
    same = [results("whole", "abcd", [0.2, 0.4, 0.2, 0.4], 0.45), results("1 like", "ae", [1, 1], 0.45)]
    assert worth(same, BASE) == pytest.approx(0.95)
    varied = [results("whole", "abcd", [0.2, 0.4, 0.2, 0.4], 0.9), results("1 like", "ae", [1, 1], 0.9)]
    assert worth(varied, BASE) == pytest.approx(1)


def test_the_margin_is_the_mean_relative_gain_with_its_interval():
    better = [results("whole", "abcd", [0.23, 0.43, 0.23, 0.43]), results("1 like", "ae", [1.0, 1.2])]
    gain = margin(better, BASE)
    assert gain.mean == pytest.approx((0.03 / 0.3 + 0.1) / 2)
    assert gain.low < gain.mean < gain.high
    assert gain.n == 5
    nothing = margin(BASE, BASE)
    assert (nothing.mean, nothing.low, nothing.high) == (0, 0, 0)


def test_a_person_is_drawn_with_all_of_their_cases():
    """Two groups of the same person are one draw: the interval is as wide as that of one group."""
    rng = np.random.default_rng(1)
    names = [f"p{at}" for at in range(80)]
    base, better = np.full(80, 0.3), 0.3 + rng.normal(0, 0.1, 80)
    single = margin([results("x", names, better)], [results("x", names, base)])
    double = margin(
        [results("x", names, better), results("y", names, better)],
        [results("x", names, base), results("y", names, base)],
    )
    assert (single.low, single.high) == pytest.approx((double.low, double.high))
