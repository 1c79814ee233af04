"""Which errors are retried, for how long, and which are reported at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from opensearchpy import OpenSearch

from data_jobs.indexing.patience import ACCESS_S, WAKE_S, Patience
from data_jobs.report import Silent
from services.adapters.search.opensearch.connection import connect
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.recommender.errors import SearchUnavailable
from tests.adapters.search.opensearch.kit import Reply, fake_server, refusal
from tests.builders import ManualClock
from tests.patience import HASTE_S, PATIENCE_S

FINE = Reply({"count": 3})


@dataclass
class Waits:
    """Retries whose pauses pass at once, with a client of a stand-in."""

    client: OpenSearch
    target: OpenSearchTarget
    clock: ManualClock = field(default_factory=ManualClock)
    slept: list[float] = field(default_factory=list)

    def count(self) -> int:
        patience = Patience(self.target, self.clock, Silent(), self._sleep)
        return patience.call(lambda: int(self.client.count()["count"]))

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)


@contextmanager
def waits(*script: Reply, timeout_s: float = PATIENCE_S) -> Iterator[Waits]:
    with fake_server(*script) as server:
        target = OpenSearchTarget(server.url)
        client = connect(target, timeout_s)
        try:
            yield Waits(client, target)
        finally:
            client.close()


def failing(status: int) -> Reply:
    return Reply(refusal(status, "stand_in", "no"), status)


TRANSIENT = [*[failing(status) for status in (403, 429, 500, 502, 503, 504)], Reply(hang_up=True)]


@pytest.mark.parametrize("trouble", TRANSIENT)
def test_transient_errors_are_retried(trouble: Reply) -> None:
    with waits(trouble, trouble, trouble, trouble, FINE) as here:
        assert here.count() == 3
    assert here.slept == [1, 2, 4, 8]


@pytest.mark.parametrize(("status", "longest_s"), [(403, ACCESS_S), (503, WAKE_S)])
def test_retries_end(status: int, longest_s: float) -> None:
    with waits(failing(status)) as here, pytest.raises(SearchUnavailable, match=here.target.endpoint):
        here.count()
    assert longest_s - 10 <= sum(here.slept) <= longest_s


def test_a_server_that_never_responds_is_an_error_after_minutes() -> None:
    with waits(Reply(silent=True), timeout_s=HASTE_S) as here, pytest.raises(SearchUnavailable, match="timed out"):
        here.count()
    assert WAKE_S - 10 <= sum(here.slept) <= WAKE_S


@pytest.mark.parametrize("status", [400, 401, 404, 409, 501])
def test_permanent_errors_are_reported_at_once(status: int) -> None:
    with waits(failing(status), FINE) as here, pytest.raises(SearchUnavailable, match="no"):
        here.count()
    assert here.slept == []


def test_a_refused_connection_is_reported_at_once() -> None:
    with waits(FINE) as here:
        pass
    with pytest.raises(SearchUnavailable, match=here.target.endpoint):
        here.count()
    assert here.slept == []
