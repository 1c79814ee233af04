"""The circuit breaker: when it opens, how long it stays open, and which trials count."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.breaker import Breaker
from tests.builders import ManualClock
from tests.patience import PATIENCE_S


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker(clock, failures=3, first_pause_s=2, longest_pause_s=10)


def is_open(breaker: Breaker) -> bool:
    """Whether calls are held back, including during a trial."""
    return breaker._open_until is not None


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        attempt = breaker.attempt()
        assert attempt is not None
        attempt.failed()


def test_it_stays_closed_below_the_limit(breaker):
    fail(breaker, 2)
    assert not is_open(breaker)
    assert breaker.attempt() is not None


def test_it_opens_at_the_limit_and_allows_no_call(breaker):
    fail(breaker, 3)
    assert is_open(breaker)
    assert breaker.attempt() is None


def test_a_success_resets_the_count(breaker):
    fail(breaker, 2)
    breaker.attempt().succeeded()
    fail(breaker, 2)
    assert not is_open(breaker)
    fail(breaker)
    assert is_open(breaker)


def test_after_the_pause_exactly_one_trial_is_allowed(breaker, clock):
    fail(breaker, 3)
    clock.advance(1.9)
    assert breaker.attempt() is None
    clock.advance(0.1)
    assert breaker.attempt() is not None
    assert breaker.attempt() is None


def test_a_successful_trial_closes_it(breaker, clock):
    fail(breaker, 3)
    clock.advance(2)
    breaker.attempt().succeeded()
    assert not is_open(breaker)
    assert breaker.attempt() is not None
    fail(breaker, 3)
    clock.advance(2)
    assert breaker.attempt() is not None, "the pause is the first one again"


def test_each_failed_trial_doubles_the_pause_up_to_the_longest(breaker, clock):
    fail(breaker, 3)
    for pause in (2, 4, 8, 10, 10):
        clock.advance(pause - 0.5)
        assert breaker.attempt() is None, pause
        clock.advance(0.5)
        fail(breaker)


def test_a_trial_without_an_outcome_is_followed_by_another(breaker, clock):
    fail(breaker, 3)
    clock.advance(2)
    assert breaker.attempt() is not None
    clock.advance(2)
    second = breaker.attempt()
    assert second is not None
    second.succeeded()
    assert not is_open(breaker)


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_the_late_outcome_of_an_earlier_call_is_ignored(breaker, clock, outcome):
    late = breaker.attempt()
    fail(breaker, 3)
    getattr(late, outcome)()
    assert is_open(breaker)
    clock.advance(2)
    trial = breaker.attempt()
    assert trial is not None, "a late failure does not extend the pause"
    getattr(late, outcome)()
    assert is_open(breaker)
    trial.succeeded()
    late.failed()
    fail(breaker, 2)
    assert not is_open(breaker), "a late failure does not count towards the next opening"


@given(st.lists(st.sampled_from(["good", "bad", "wait"]), max_size=60))
def test_it_opens_only_after_consecutive_failures_and_no_longer_than_the_longest_pause(steps):
    clock, limit = ManualClock(), 3
    breaker = Breaker(clock, limit, first_pause_s=1, longest_pause_s=8)
    in_a_row = 0
    for step in steps:
        if step == "wait":
            clock.advance(1)
            continue
        attempt = breaker.attempt()
        assert attempt is not None or in_a_row >= limit
        if attempt is None:
            continue
        attempt.succeeded() if step == "good" else attempt.failed()
        in_a_row = 0 if step == "good" else in_a_row + 1
        assert is_open(breaker) is (in_a_row >= limit)
    clock.advance(8)
    assert breaker.attempt() is not None


def test_one_of_many_threads_makes_the_trial(breaker, clock):
    fail(breaker, 3)
    clock.advance(2)
    gate = threading.Barrier(8, timeout=PATIENCE_S)

    def attempt(_: int) -> bool:
        gate.wait()
        return breaker.attempt() is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
