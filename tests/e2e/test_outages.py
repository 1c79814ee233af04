"""A running server while OpenSearch or DynamoDB is down, late, throttled or incomplete, and after the recovery."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.e2e.kit import Served, marquee
from tests.e2e.world import World, query
from tests.patience import PATIENCE_S, eventually, wait_for
from tests.servers.proxy import Proxy

SEARCHERS = 8


@pytest.fixture(autouse=True)
def recovery(world: World) -> Iterator[None]:
    """End every test with a recovery, which needs no restart."""
    yield
    world.mend()


def test_with_everything_up_nothing_is_degraded(world: World) -> None:
    wait_for(lambda: world.missing(user_id="anna", query=query()) == set(), "a complete answer")
    healthy = {"status": "ok", "parts": {"bundle": "ok", "state": "ok", "search": "ok"}}
    wait_for(lambda: world.ready() == healthy, "readiness")


SEARCH_TROUBLES: dict[str, Callable[[Proxy], None]] = {
    "down": lambda proxy: proxy.refuse(),
    "slow": lambda proxy: proxy.delay(),
    "silent": lambda proxy: proxy.black_hole(),
    "throttled": lambda proxy: proxy.answer(429),
    "failing": lambda proxy: proxy.answer(503),
    "talking nonsense": lambda proxy: proxy.answer(200, body=b"<html>"),
}


@pytest.mark.parametrize("trouble", SEARCH_TROUBLES.values(), ids=SEARCH_TROUBLES.keys())
def test_without_opensearch_the_embedded_index_answers(world: World, trouble: Callable[[Proxy], None]) -> None:
    trouble(world.search)
    answer = world.ask(query=query())
    assert [reason for reason in answer["degraded"] if reason.startswith("search: ")]
    assert any("Matches" in reason for item in answer["items"] for reason in item["reason"])
    ready = world.ready()
    assert ready["status"] == "degraded"
    assert ready["parts"]["search"].startswith("degraded: ")


def test_similar_films_from_the_embedded_index_are_degraded_and_not_cacheable(world: World) -> None:
    def similar() -> httpx2.Response:
        return world.get("/similar?item_id=1&k=5")

    healthy = eventually(similar, lambda answer: not answer.json()["degraded"], "an answer by the engine")
    assert healthy.headers["cache-control"] == "public, max-age=300"
    world.search.answer(503)
    degraded = eventually(similar, lambda answer: answer.json()["degraded"] == ["search: unavailable"], "the reason")
    assert degraded.headers["cache-control"] == "private, no-store"
    assert len(degraded.json()["items"]) == 5


def test_a_missing_or_wrong_index_is_named_and_used_again_once_restored(world: World) -> None:
    opensearch = httpx2.Client(base_url=world.opensearch_url, timeout=PATIENCE_S)
    mapping = opensearch.get(f"/{world.index}").json()[world.index]["mappings"]
    opensearch.delete(f"/{world.index}").raise_for_status()
    try:
        wait_for(lambda: "search: index" in str(world.ask(query=query())["degraded"]), "the missing index to be named")
        # Then an index of the same name with vectors of another length.
        opensearch.put(f"/{world.index}", json=of_another_length(mapping)).raise_for_status()
        wait_for(lambda: "dimension" in str(world.ask(query=query())["degraded"]), "the mismatch to be named")
        opensearch.delete(f"/{world.index}").raise_for_status()
    finally:
        opensearch.close()
        done = marquee(world.server.home, "index", env=world.patient | {"OPENSEARCH_ENDPOINT": world.opensearch_url})
        assert done.returncode == 0, done.stderr


def of_another_length(mapping: dict[str, Any]) -> dict[str, Any]:
    """The body of an index like that of a mapping, but with vectors of seven dimensions."""
    method = {"name": "hnsw", "engine": "lucene"}
    vectors = {"type": "knn_vector", "dimension": 7, "space_type": "cosinesimil", "method": method}
    properties = {"row": mapping["properties"]["row"], "embedding": vectors}
    return {"settings": {"index.knn": True}, "mappings": {"_meta": mapping["_meta"], "properties": properties}}


STATE_TROUBLES: dict[str, Callable[[Proxy], None]] = {
    "down": lambda proxy: proxy.refuse(),
    "slow": lambda proxy: proxy.delay(),
    "silent": lambda proxy: proxy.black_hole(),
    "throttled": lambda proxy: proxy.answer(
        400, body=b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"x"}'
    ),
    "failing": lambda proxy: proxy.answer(500, body=b'{"__type":"InternalServerError","message":"x"}'),
}


@pytest.mark.parametrize("trouble", STATE_TROUBLES.values(), ids=STATE_TROUBLES.keys())
def test_without_dynamodb_recommendations_continue_and_feedback_is_refused(
    world: World, trouble: Callable[[Proxy], None]
) -> None:
    user_id = f"someone-{uuid4().hex[:8]}"
    trouble(world.state)
    assert "state" in world.missing(user_id="anna")
    wait_for(lambda: world.missing(user_id="anna") == {"state"}, "an answer of the healthy engine")
    refused = world.post(user_id, "1", **{"Idempotency-Key": user_id})
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) >= 1
    ready = world.server.client.get("/health/ready")
    assert ready.status_code == 503
    assert [fault["pointer"] for fault in ready.json()["errors"]] == ["/state"]
    world.state.forward()
    wait_for(world.recovered, "the recovery")
    # A store that answered too late may have stored the event: with the same key it is not stored twice.
    wait_for(lambda: world.post(user_id, "1", **{"Idempotency-Key": user_id}).status_code == 202, "the feedback")
    assert len(world.get(f"/users/{user_id}/export").json()["events"]) == 1


def test_a_missing_table_is_named_with_the_remedy(world: World) -> None:
    cache = world.tables["cache"]
    description = world.dynamodb.describe_table(TableName=cache)["Table"]
    world.dynamodb.delete_table(TableName=cache)
    try:
        (reason, *_) = eventually(
            lambda: [
                reason
                for reason in world.ask(user_id="anna", query=query())["degraded"]
                if reason.startswith("state: ")
            ],
            lambda reasons: reasons and cache in reasons[0],
            "the table to be named",
        )
        assert "marquee tables create" in reason
        assert world.post("bert", "1", **{"Idempotency-Key": "k"}).status_code == 503
        assert world.server.client.get("/health/live").status_code == 200
    finally:
        world.dynamodb.create_table(
            TableName=cache,
            KeySchema=description["KeySchema"],
            AttributeDefinitions=description["AttributeDefinitions"],
            BillingMode="PAY_PER_REQUEST",
        )
    wait_for(world.recovered, "the recovery")
    assert world.get("/users/bert/export", status=404)


@pytest.mark.parametrize("trouble", ["refuse", "black_hole"])
def test_with_both_down_there_is_still_an_answer(world: World, trouble: str) -> None:
    for proxy in (world.search, world.state):
        getattr(proxy, trouble)()
    for _ in range(8):  # more often than the failure limit of the breakers
        assert world.missing(user_id="anna", query=query()) == {"search", "state"}


def test_a_slow_engine_does_not_block_other_requests(world: World) -> None:
    with Served(world.server.home, env=world.patient) as server, ThreadPoolExecutor(SEARCHERS) as pool:
        before = world.search.requests
        world.search.black_hole()
        try:
            waiting = [pool.submit(server.recommend, query=query()) for _ in range(SEARCHERS)]
            wait_for(lambda: world.search.requests >= before + SEARCHERS, "all requests to reach the engine")
            for _ in range(5):
                assert server.client.get("/health/live").status_code == 200
            assert not any(search.done() for search in waiting), "no search may finish before the engine answers"
        finally:
            world.search.forward()
        assert all(search.result()["items"] for search in waiting)


def test_an_index_of_another_encoder_is_refused_at_the_start(world: World, tmp_path: Path) -> None:
    name = f"test-{uuid4().hex[:12]}"
    version = world.index.rpartition("-")[2]
    with httpx2.Client(base_url=world.opensearch_url, timeout=PATIENCE_S) as opensearch:
        mapping = opensearch.get(f"/{world.index}").json()[world.index]["mappings"]
        opensearch.put(f"/{name}-{version}", json=of_another_length(mapping)).raise_for_status()
    env = {"OPENSEARCH_ENDPOINT": world.opensearch_url, "OPENSEARCH_INDEX": name}
    done = marquee(world.server.home, "serve", "--port", "0", env=world.patient | env)
    assert done.returncode not in (0, None)
    assert "7" in done.stderr
    assert "384" in done.stderr
