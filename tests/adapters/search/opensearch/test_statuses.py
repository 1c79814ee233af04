"""A real OpenSearch behind a proxy: down, slow, throttled, without the index, and recovered."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

import numpy as np
import pytest

from data_jobs.index_opensearch import open_job
from data_jobs.report import Silent
from services.adapters.breaker import FAILURES, LONGEST_PAUSE_S
from services.adapters.search.embedded import EmbeddedSearch
from services.adapters.search.guarded import GuardedSearch
from services.adapters.search.opensearch.index import IndexMismatch
from services.adapters.search.opensearch.open_index import open_guarded
from services.adapters.search.opensearch.target import OpenSearchTarget
from services.bootstrap import SystemClock
from services.recommender.domain.bundle import Bundle
from services.recommender.ports import Deadline, SearchRequest, SearchResult
from tests.builders import ManualClock, make_bundle, make_embeddings
from tests.patience import HASTE_S, PATIENCE_S, wait_for
from tests.servers.proxy import Proxy

DOWN = b'{"error":{"type":"unavailable_shards_exception"},"status":503}'


@dataclass
class IndexedBundle:
    """An indexed bundle behind a proxy. ``hasty`` has a short timeout: even a healthy engine may miss it, so tests
    that expect its answer retry.
    """

    proxy: Proxy
    target: OpenSearchTarget
    bundle: Bundle
    local: EmbeddedSearch
    clock: ManualClock
    search: GuardedSearch
    hasty: GuardedSearch

    def ask(self, search: GuardedSearch | None = None) -> SearchResult:
        request = SearchRequest(text="film 7", vectors=self.bundle.embeddings.rows(np.array([5])))
        return (search or self.search).search(request, self.soon())

    def soon(self) -> Deadline:
        return Deadline.within(self.clock, PATIENCE_S)


@pytest.fixture(scope="module")
def indexed(opensearch_url, world, world_index) -> tuple[OpenSearchTarget, EmbeddedSearch]:
    local = EmbeddedSearch(world, world_index)
    target = OpenSearchTarget(opensearch_url, index=f"test-{uuid4().hex[:12]}", engine="lucene", timeout_s=PATIENCE_S)
    with open_job(target, SystemClock(), Silent()) as job:
        job.run(world, local)
    return target, local


@pytest.fixture
def remote(indexed, world) -> Iterator[IndexedBundle]:
    target, local = indexed
    clock = ManualClock()
    with Proxy(target.endpoint) as proxy:
        behind = replace(target, endpoint=proxy.url)
        search = open_guarded(behind, world, local, clock)
        hasty = open_guarded(replace(behind, timeout_s=HASTE_S), world, local, clock, look=False)
        yield IndexedBundle(proxy, behind, world, local, clock, search, hasty)


def same_films(first: SearchResult, second: SearchResult) -> bool:
    return first.text.rows[:10].tolist() == second.text.rows[:10].tolist() and first.knn.rows[0] == second.knn.rows[0]


@pytest.mark.parametrize(
    ("mode", "reasons"),
    [
        (lambda proxy: proxy.refuse(), {"unavailable"}),
        (lambda proxy: proxy.drop(), {"unavailable"}),
        (lambda proxy: proxy.answer(429, b"{}"), {"throttled"}),
        (lambda proxy: proxy.answer(503, DOWN), {"unavailable"}),
        (lambda proxy: proxy.answer(200, b"not JSON"), {"unreadable answer"}),
    ],
    ids=["refused", "dropped", "throttled", "unavailable", "nonsense"],
)
def test_failures_fall_back_to_the_local_engine_and_are_named(remote, mode, reasons):
    fine = remote.ask()
    assert fine.degraded == ()
    mode(remote.proxy)
    degraded = remote.ask()
    assert set(degraded.degraded) == reasons
    assert same_films(fine, degraded)
    remote.proxy.forward()
    assert remote.ask().degraded == ()


@pytest.mark.parametrize("mode", ["delay", "black_hole"])
def test_a_slow_engine_is_given_up_at_the_timeout(remote, mode):
    """The proxy holds the answer back, so the result cannot be the engine's."""
    fine = remote.ask()
    getattr(remote.proxy, mode)()
    degraded = remote.ask(remote.hasty)
    assert degraded.degraded == ("timeout",)
    assert same_films(fine, degraded)
    remote.proxy.forward()
    assert remote.ask().degraded == ()


def test_a_single_throttled_call_is_retried(remote):
    remote.proxy.answer(429, times=1)
    assert remote.ask().degraded == ()


def test_the_breaker_opens_for_a_slow_server_and_closes_after_recovery(remote):
    before = remote.proxy.requests
    remote.proxy.delay()
    for _ in range(FAILURES):
        assert remote.ask(remote.hasty).degraded == ("timeout",)
    wait_for(lambda: remote.proxy.requests == before + FAILURES, "every request to arrive")
    assert remote.ask(remote.hasty).degraded == ("breaker open after timeout",)
    assert remote.proxy.requests == before + FAILURES
    remote.proxy.forward()

    def has_recovered() -> bool:
        remote.clock.advance(LONGEST_PAUSE_S)
        return remote.ask(remote.hasty).degraded == ()

    wait_for(has_recovered, "an answer in time")


def test_an_index_removed_while_serving_is_named(remote):
    assert remote.ask().degraded == ()
    with open_job(remote.target, remote.clock, Silent()) as job:
        job.client.indices.delete(index=remote.search.index_version)
        assert remote.ask().degraded == ("index missing",)
        job.run(remote.bundle, remote.local)
    assert remote.ask().degraded == ()


def test_an_unreachable_server_does_not_prevent_the_start(remote):
    remote.proxy.refuse()
    late = open_guarded(remote.target, remote.bundle, remote.local, remote.clock)
    request = SearchRequest(text="film 7")
    assert late.search(request, remote.soon()).degraded == ("unavailable",)
    remote.proxy.forward()
    assert late.search(request, remote.soon()).degraded == ()


def test_a_missing_index_does_not_prevent_the_start(remote):
    elsewhere = replace(remote.target, index=f"{remote.target.index}-other")
    search = open_guarded(elsewhere, remote.bundle, remote.local, remote.clock)
    result = search.search(SearchRequest(text="film 7"), remote.soon())
    assert result.degraded == ("index missing",)
    assert result.text.rows[0] == 7


@pytest.mark.parametrize(
    ("bundle", "message"),
    [
        (replace(make_bundle(300, 20), embeddings=make_embeddings(300, dims=32)), "32 dimensions.*16 dimensions"),
        (replace(make_bundle(300, 20), embeddings=None), "0 dimensions.*16 dimensions"),
        (
            replace(make_bundle(300, 20), embeddings=replace(make_embeddings(300), encoder_id="other")),
            "'other'.*'test-encoder'",
        ),
    ],
    ids=["dims", "no vectors", "encoder"],
)
def test_an_index_of_another_encoder_is_refused_at_the_start_with_both_values(remote, bundle, message):
    with pytest.raises(IndexMismatch, match=message):
        open_guarded(remote.target, bundle, remote.local, remote.clock)


def test_a_mismatch_found_after_the_start_degrades(remote):
    remote.proxy.refuse()
    mismatched = replace(make_bundle(300, 20), embeddings=make_embeddings(300, dims=32))
    search = open_guarded(remote.target, mismatched, remote.local, remote.clock)
    remote.proxy.forward()
    result = search.search(SearchRequest(text="film 7"), remote.soon())
    assert result.degraded == ("index mismatch",)
    assert result.text.rows[0] == 7


def test_the_check_of_an_index_can_be_deferred_to_the_first_search(remote):
    """For a snapshot, which must hold no connection. The first search checks the index and reports a mismatch."""
    before = remote.proxy.requests
    search = open_guarded(remote.target, remote.bundle, remote.local, remote.clock, look=False)
    mismatched = replace(make_bundle(300, 20), embeddings=make_embeddings(300, dims=32))
    wrong = open_guarded(remote.target, mismatched, remote.local, remote.clock, look=False)
    assert remote.proxy.requests == before
    request, deadline = SearchRequest(text="film 7"), remote.soon()
    assert search.search(request, deadline).degraded == ()
    assert wrong.search(request, deadline).degraded == ("index mismatch",)


def test_the_expected_length_of_vectors_is_checked(remote):
    with pytest.raises(IndexMismatch, match=r"VECTOR_DIM = 384.*16 dimensions"):
        open_guarded(replace(remote.target, dims=384), remote.bundle, remote.local, remote.clock)
    open_guarded(replace(remote.target, dims=16), remote.bundle, remote.local, remote.clock).search(
        SearchRequest(text="film 7"), remote.soon()
    )
