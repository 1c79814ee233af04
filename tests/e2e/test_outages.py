"""What a running server does while OpenSearch or DynamoDB is down, late, throttled or half there, and afterwards."""

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
def afterwards_all_is_well(world: World) -> Iterator[None]:
    """Every test ends with a recovery, which needs no restart."""
    yield
    world.mend()


def test_with_everything_up_nothing_is_degraded(world: World) -> None:
    wait_for(lambda: world.missing(user_id="anna", query=query()) == set(), "an answer that nothing is missed in")
    well = {"status": "ok", "parts": {"bundle": "ok", "state": "ok", "search": "ok"}}
    wait_for(lambda: world.ready() == well, "readiness")


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


def test_films_like_a_film_say_that_the_embedded_index_answered(world: World) -> None:
    def similar() -> httpx2.Response:
        return world.get("/similar?item_id=1&k=5")

    well = eventually(similar, lambda answer: not answer.json()["degraded"], "an answer by the engine")
    assert well.headers["cache-control"] == "public, max-age=300"
    world.search.answer(503)
    ill = eventually(similar, lambda answer: answer.json()["degraded"] == ["search: unavailable"], "the reason")
    assert ill.headers["cache-control"] == "private, no-store"
    assert len(ill.json()["items"]) == 5


def test_a_missing_index_is_told_and_found_again(world: World) -> None:
    other = httpx2.Client(base_url=world.opensearch_url, timeout=PATIENCE_S)
    mapping = other.get(f"/{world.index}").json()[world.index]["mappings"]
    other.delete(f"/{world.index}").raise_for_status()
    try:
        wait_for(lambda: "search: index" in str(world.ask(query=query())["degraded"]), "the index to be missed")
        # An index of the same name with vectors of another length is no better.
        other.put(f"/{world.index}", json=of_another_length(mapping)).raise_for_status()
        wait_for(lambda: "dimension" in str(world.ask(query=query())["degraded"]), "the mismatch to be named")
        other.delete(f"/{world.index}").raise_for_status()
    finally:
        other.close()
        done = marquee(world.server.home, "index", env=world.patient | {"OPENSEARCH_ENDPOINT": world.opensearch_url})
        assert done.returncode == 0, done.stderr


def of_another_length(mapping: dict[str, Any]) -> dict[str, Any]:
    """What makes an index like that of a mapping, but for vectors of seven numbers."""
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
def test_without_dynamodb_answers_go_on_and_feedback_is_refused(world: World, trouble: Callable[[Proxy], None]) -> None:
    someone = f"someone-{uuid4().hex[:8]}"
    trouble(world.state)
    assert "state" in world.missing(user_id="anna")
    wait_for(lambda: world.missing(user_id="anna") == {"state"}, "an answer by the engine that is well")
    refused = world.post(someone, "1", **{"Idempotency-Key": someone})
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) >= 1
    ready = world.server.client.get("/health/ready")
    assert ready.status_code == 503
    assert [fault["pointer"] for fault in ready.json()["errors"]] == ["/state"]
    world.state.forward()
    wait_for(world.recovered, "the recovery")
    # A store that answered too late may have stored it, and whole: the same key then stores nothing more.
    wait_for(lambda: world.post(someone, "1", **{"Idempotency-Key": someone}).status_code == 202, "the feedback")
    assert len(world.get(f"/users/{someone}/export").json()["events"]) == 1


def test_a_missing_table_is_named_with_what_makes_it(world: World) -> None:
    cache = world.tables["cache"]
    kept = world.dynamodb.describe_table(TableName=cache)["Table"]
    world.dynamodb.delete_table(TableName=cache)
    try:
        (reason, *_) = eventually(
            lambda: [
                each for each in world.ask(user_id="anna", query=query())["degraded"] if each.startswith("state: ")
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
            KeySchema=kept["KeySchema"],
            AttributeDefinitions=kept["AttributeDefinitions"],
            BillingMode="PAY_PER_REQUEST",
        )
    wait_for(world.recovered, "the recovery")
    assert world.get("/users/bert/export", status=404)


@pytest.mark.parametrize("trouble", ["refuse", "black_hole"])
def test_with_both_down_there_is_still_an_answer(world: World, trouble: str) -> None:
    for proxy in (world.search, world.state):
        getattr(proxy, trouble)()
    for _ in range(8):  # more often than the breakers wait for
        assert world.missing(user_id="anna", query=query()) == {"search", "state"}


def test_a_slow_engine_stalls_nobody_else(world: World) -> None:
    with Served(world.server.home, env=world.patient) as server, ThreadPoolExecutor(SEARCHERS) as pool:
        before = world.search.requests
        world.search.black_hole()
        try:
            waiting = [pool.submit(server.recommend, query=query()) for _ in range(SEARCHERS)]
            wait_for(lambda: world.search.requests >= before + SEARCHERS, "the engine to be asked by all")
            for _ in range(5):
                assert server.client.get("/health/live").status_code == 200
            assert not any(search.done() for search in waiting), "nobody was answered before the engine speaks"
        finally:
            world.search.forward()
        assert all(search.result()["items"] for search in waiting)


def test_an_index_of_another_encoder_is_refused_at_the_start(world: World, tmp_path: Path) -> None:
    name = f"test-{uuid4().hex[:12]}"
    version = world.index.rpartition("-")[2]
    with httpx2.Client(base_url=world.opensearch_url, timeout=PATIENCE_S) as other:
        mapping = other.get(f"/{world.index}").json()[world.index]["mappings"]
        other.put(f"/{name}-{version}", json=of_another_length(mapping)).raise_for_status()
    env = {"OPENSEARCH_ENDPOINT": world.opensearch_url, "OPENSEARCH_INDEX": name}
    done = marquee(world.server.home, "serve", "--port", "0", env=world.patient | env)
    assert done.returncode not in (0, None)
    assert "7" in done.stderr
    assert "384" in done.stderr
