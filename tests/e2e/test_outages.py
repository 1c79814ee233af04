"""What a running server does while OpenSearch or DynamoDB is down, late, throttled or half there, and afterwards."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.e2e.kit import marquee, wait_for
from tests.e2e.world import RECOVERY_S, World, query
from tests.servers.proxy import Proxy


@pytest.fixture(autouse=True)
def afterwards_all_is_well(world: World) -> Iterator[None]:
    """Every test ends with a recovery, which needs no restart."""
    yield
    world.mend()


def test_with_everything_up_nothing_is_degraded(world: World) -> None:
    assert world.missing(user_id="anna", query=query()) == set()
    assert world.ready() == {"status": "ok", "parts": {"bundle": "ok", "state": "ok", "search": "ok"}}


SEARCH_TROUBLES: dict[str, Callable[[Proxy], None]] = {
    "down": lambda proxy: proxy.refuse(),
    "slow": lambda proxy: proxy.delay(2.0),
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
    asked = {"item_id": "1", "k": 5}
    well = world.server.client.get("/similar", params=asked)
    assert well.json()["degraded"] == []
    assert well.headers["cache-control"] == "public, max-age=300"
    world.search.answer(503)
    ill = world.server.client.get("/similar", params=asked)
    assert ill.json()["degraded"] == ["search: unavailable"]
    assert ill.headers["cache-control"] == "private, no-store"
    assert len(ill.json()["items"]) == 5


def test_a_missing_index_is_told_and_found_again(world: World) -> None:
    other = httpx2.Client(base_url=world.opensearch_url, timeout=30)
    mapping = other.get(f"/{world.index}").json()[world.index]["mappings"]
    other.delete(f"/{world.index}").raise_for_status()
    try:
        (reason,) = world.ask(query=query())["degraded"]
        assert reason.startswith("search: index")
        # An index of the same name with vectors of another length is no better.
        other.put(f"/{world.index}", json=of_another_length(mapping)).raise_for_status()
        wait_for(
            lambda: "dimension" in str(world.ask(query=query())["degraded"]), "the mismatch to be named", RECOVERY_S
        )
        other.delete(f"/{world.index}").raise_for_status()
    finally:
        other.close()
        home = world.server.home
        env = {"OPENSEARCH_ENDPOINT": world.opensearch_url, "OPENSEARCH_INDEX": world.index.rpartition("-")[0]}
        done = marquee(home, "index", env=env)
        assert done.returncode == 0, done.stderr


def of_another_length(mapping: dict[str, Any]) -> dict[str, Any]:
    """What makes an index like that of a mapping, but for vectors of seven numbers."""
    method = {"name": "hnsw", "engine": "lucene"}
    vectors = {"type": "knn_vector", "dimension": 7, "space_type": "cosinesimil", "method": method}
    properties = {"row": mapping["properties"]["row"], "embedding": vectors}
    return {"settings": {"index.knn": True}, "mappings": {"_meta": mapping["_meta"], "properties": properties}}


STATE_TROUBLES: dict[str, Callable[[Proxy], None]] = {
    "down": lambda proxy: proxy.refuse(),
    "slow": lambda proxy: proxy.delay(2.0),
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
    assert world.missing(user_id="anna") == {"state"}
    refused = world.post(someone, "1", **{"Idempotency-Key": someone})
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) >= 1
    ready = world.server.client.get("/health/ready")
    assert ready.status_code == 503
    assert [fault["pointer"] for fault in ready.json()["errors"]] == ["/state"]
    world.state.forward()
    wait_for(world.recovered, "the recovery", RECOVERY_S)
    # A store that answered too late may have stored it, and whole: the same key then stores nothing more.
    assert world.post(someone, "1", **{"Idempotency-Key": someone}).status_code == 202
    export = world.server.export(someone)
    assert len(export["events"]) == 1


def test_a_missing_table_is_named_with_what_makes_it(world: World) -> None:
    cache = world.tables["cache"]
    kept = world.dynamodb.describe_table(TableName=cache)["Table"]
    world.dynamodb.delete_table(TableName=cache)
    try:
        (reason,) = world.ask(user_id="anna")["degraded"]
        assert reason.startswith("state: ")
        assert cache in reason
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
    wait_for(world.recovered, "the recovery", RECOVERY_S)
    assert world.server.client.get("/users/bert/export").status_code == 404


@pytest.mark.parametrize("trouble", ["refuse", "black_hole"])
def test_with_both_down_there_is_still_an_answer(world: World, trouble: str) -> None:
    for proxy in (world.search, world.state):
        getattr(proxy, trouble)()
    for _ in range(8):  # more often than the breakers wait for
        assert world.missing(user_id="anna", query=query()) == {"search", "state"}


def test_a_slow_engine_stalls_nobody_else(world: World) -> None:
    world.search.delay(2.0)
    stopped, problems = threading.Event(), []

    def search() -> None:
        with httpx2.Client(base_url=world.server.url, timeout=20) as client:
            while not stopped.is_set():
                answer = client.post("/recommend", json={"query": query()})
                if answer.status_code != 200:
                    problems.append(answer.text)

    searchers = [threading.Thread(target=search) for _ in range(8)]
    for searcher in searchers:
        searcher.start()
    try:
        spent = [_live_s(world.server.client) for _ in range(60)]
    finally:
        stopped.set()
        for searcher in searchers:
            searcher.join()
    # Of the two seconds that the engine takes.
    assert statistics.median(spent) < 0.5
    assert not problems


def _live_s(client: httpx2.Client) -> float:
    began = time.monotonic()
    assert client.get("/health/live").status_code == 200
    spent = time.monotonic() - began
    time.sleep(0.02)
    return spent


def test_an_index_of_another_encoder_is_refused_at_the_start(world: World, tmp_path: Path) -> None:
    name = f"test-{uuid4().hex[:12]}"
    version = world.index.rpartition("-")[2]
    with httpx2.Client(base_url=world.opensearch_url, timeout=30) as other:
        mapping = other.get(f"/{world.index}").json()[world.index]["mappings"]
        other.put(f"/{name}-{version}", json=of_another_length(mapping)).raise_for_status()
    env = {"OPENSEARCH_ENDPOINT": world.opensearch_url, "OPENSEARCH_INDEX": name}
    done = marquee(world.server.home, "serve", "--port", "0", env=env)
    assert done.returncode not in (0, None)
    assert "7" in done.stderr
    assert "384" in done.stderr
