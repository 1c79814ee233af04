"""Background writes: in order, after the call, and dropped when too many are waiting."""

import threading

import pytest

from services.adapters.state.dynamodb.behind import WAITING, Behind, at_once
from tests.patience import PATIENCE_S, wait_for


def test_at_once_runs_the_job_before_the_call_returns() -> None:
    done: list[int] = []
    at_once(lambda: done.append(1))
    at_once.close()
    assert done == [1]


def test_the_call_returns_at_once_and_closing_waits_for_the_jobs() -> None:
    go, done = threading.Event(), list[int]()
    behind = Behind()
    behind(lambda: (go.wait(PATIENCE_S), done.append(0))[1])
    for number in range(1, 4):
        behind(lambda number=number: done.append(number))
    assert done == []
    go.set()
    behind.close()
    assert done == [0, 1, 2, 3]


def test_jobs_beyond_the_limit_are_dropped() -> None:
    go, done = threading.Event(), list[int]()
    behind = Behind()
    started = threading.Event()
    behind(lambda: (started.set(), go.wait(PATIENCE_S))[0])
    wait_for(started.is_set, "the first job")
    for number in range(WAITING + 5):
        behind(lambda number=number: done.append(number))
    go.set()
    wait_for(lambda: len(done) == WAITING, "the jobs")
    behind.close()
    assert done == list(range(WAITING))


def test_a_failed_job_is_logged_and_the_next_one_runs(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    def broken() -> None:
        raise ValueError("a person's words")

    behind = Behind()
    behind(broken)
    behind(lambda: done.append(1))
    behind.close()
    assert done == [1]
    assert [record.getMessage() for record in caplog.records] == ["a response was not cached: unexpected ValueError"]


def test_closing_twice_or_without_a_job_does_nothing() -> None:
    behind = Behind()
    behind.close()
    behind(lambda: None)
    behind.close()
    behind.close()
