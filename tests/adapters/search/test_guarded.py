"""The fallback to the local engine when the remote one fails, and its breaker."""

import logging
from dataclasses import dataclass, field

import numpy as np
import pytest

from services.adapters.breaker import Breaker
from services.adapters.search.guarded import GuardedSearch
from services.adapters.search.remote_failure import RemoteFailure
from services.recommender.errors import SearchUnavailable
from services.recommender.names.names import Names
from services.recommender.ports import Deadline, Hits, Mention, NamedFilms, SearchRequest, SearchResult
from tests.builders import ManualClock, make_catalogue

REMOTE = SearchResult(text=Hits(np.array([1], np.int32), np.ones(1, np.float32), 1.0))
LOCAL = SearchResult(text=Hits(np.array([2], np.int32), np.ones(1, np.float32), 1.0, ms=0.5))
REQUEST = SearchRequest(text="heat")
NAMES = Names.of(make_catalogue(3))


@dataclass
class Scripted:
    """A search that returns ``answer`` or raises ``error``; ``takes_s`` advances the clock."""

    answer: SearchResult
    error: Exception | None = None
    takes_s: float = 0.0
    index_version: str = "films-v1"
    calls: int = 0
    closed: bool = False
    prefixes: list[str] = field(default_factory=list)

    def search(self, request: SearchRequest, deadline: Deadline) -> SearchResult:
        self.calls += 1
        if self.takes_s:
            deadline.clock.advance(self.takes_s)  # type: ignore[attr-defined]
        if self.error is not None:
            raise self.error
        return self.answer

    @property
    def names(self) -> Names:
        self.prefixes.append("names")
        return NAMES

    def mentions(self, words: list[str]) -> list[Mention]:
        self.prefixes += words
        return [Mention(np.array([7], np.int32), np.array([1], np.uint8)) for _ in words]

    def named(self, text: str, errors: int = 0) -> NamedFilms:
        self.prefixes.append(text)
        return NamedFilms(np.array([7], np.int32), errors)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def remote() -> Scripted:
    return Scripted(REMOTE)


@pytest.fixture
def local() -> Scripted:
    return Scripted(LOCAL, index_version="embedded-v1")


@pytest.fixture
def search(remote, local, clock) -> GuardedSearch:
    return GuardedSearch(remote, local, Breaker(clock, failures=3))


@pytest.fixture
def ask(search, clock):
    return lambda: search.search(REQUEST, Deadline.within(clock, 1))


def test_the_remote_engine_answers(ask, local):
    assert ask() is REMOTE
    assert local.calls == 0


@pytest.mark.parametrize("reason", ["timeout", "unavailable", "index missing"])
def test_a_failure_is_answered_locally_and_named(ask, remote, reason, caplog):
    remote.error = RemoteFailure(reason, "with all details")
    with caplog.at_level(logging.WARNING):
        result = ask()
    assert result.text is not None
    assert result.text.rows is LOCAL.text.rows
    assert result.degraded == (reason,)
    assert f"{reason}: with all details" in caplog.text


def test_the_time_of_a_failed_call_is_added_to_the_local_search(search, remote, clock):
    remote.error, remote.takes_s = RemoteFailure("timeout"), 0.25
    result = search.search(REQUEST, Deadline.within(clock, 1))
    assert result.text.ms == pytest.approx(250.5)
    assert result.knn is None


def test_the_breaker_opens_after_repeated_failures(ask, remote):
    remote.error = RemoteFailure("timeout")
    for _ in range(3):
        assert ask().degraded == ("timeout",)
    assert ask().degraded == ("breaker open after timeout",)
    assert remote.calls == 3


def test_it_recovers_without_a_restart(ask, remote, clock):
    remote.error = RemoteFailure("unavailable")
    for _ in range(4):
        ask()
    remote.error = None
    assert ask().degraded
    clock.advance(2)
    assert ask() is REMOTE
    assert ask() is REMOTE


def test_an_expired_deadline_does_not_count_as_a_failure(search, remote, clock):
    for _ in range(5):
        assert search.search(REQUEST, Deadline.within(clock, 0.01)).degraded == ("late",)
    assert remote.calls == 0
    assert search.search(REQUEST, Deadline.within(clock, 1)) is REMOTE


def test_an_invalid_request_does_not_count_as_a_failure(ask, remote, local):
    remote.error = SearchUnavailable("query vectors of shape (1, 8)")
    for _ in range(5):
        with pytest.raises(SearchUnavailable, match="shape"):
            ask()
    remote.error = None
    assert ask() is REMOTE
    assert local.calls == 0


def test_both_down_is_an_error(ask, remote, local):
    remote.error, local.error = RemoteFailure("timeout"), SearchUnavailable("closed")
    with pytest.raises(SearchUnavailable, match="closed"):
        ask()


def test_the_names_of_films_are_local(search, local, remote):
    assert search.names is NAMES
    assert (local.prefixes, remote.prefixes) == (["names"], [])


def test_it_has_the_remote_version_and_closes_both(search, remote, local):
    assert search.index_version == "films-v1"
    search.close()
    assert (remote.closed, local.closed) == (True, True)


def test_words_and_names_are_read_locally(search, remote, local):
    assert search.mentions(["heat"])[0].rows.tolist() == [7]
    assert search.named("heat", 1) == (7, 1)
    assert (local.prefixes, remote.prefixes) == (["heat", "heat"], [])
