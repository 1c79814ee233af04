"""What the stand-in for OpenSearch Serverless refuses, by generation, before a server that takes everything."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from tests.patience import HASTE_S, PATIENCE_S
from tests.servers.http_server import Answer, HttpServer, Request
from tests.servers.rules import Generation
from tests.servers.serverless import Serverless

KINDS: tuple[Generation, ...] = ("nextgen", "classic")


@contextmanager
def collection(**given: Any) -> Iterator[tuple[httpx2.Client, list[Request]]]:
    """A client of a stand-in, and what came through to the server behind."""
    came: list[Request] = []

    def take(request: Request) -> Answer:
        came.append(request)
        return Answer(200, b"{}")

    server = HttpServer(take)
    try:
        with (
            Serverless(f"http://127.0.0.1:{server.port}", **given) as made,
            httpx2.Client(base_url=made.url, timeout=PATIENCE_S) as client,
        ):
            yield client, came
    finally:
        server.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/_cluster/health"),
        ("GET", "/_nodes"),
        ("GET", "/films/_stats"),
        ("POST", "/films/_refresh"),
        ("POST", "/films/_forcemerge"),
        ("POST", "/films/_delete_by_query"),
        ("POST", "/films/_update_by_query"),
        ("POST", "/_reindex"),
        ("POST", "/_search/scroll"),
        ("POST", "/_msearch"),
        ("PUT", "/films/_doc/1"),
        ("PUT", "/films/_create/1"),
        ("PUT", "/_cluster/settings"),
    ],
)
def test_unlisted_operations_do_not_exist(kind: Generation, method: str, path: str) -> None:
    with collection(kind=kind) as (client, came):
        assert client.request(method, path).status_code == 404
        assert came == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", "/films"),
        ("DELETE", "/films"),
        ("GET", "/films-*/_mapping"),
        ("PUT", "/films/_mapping"),
        ("POST", "/films/_msearch"),
        ("POST", "/films/_count"),
        ("POST", "/films/_doc"),
        ("DELETE", "/films/_doc/1"),
        ("POST", "/films/_search?refresh=false"),
    ],
)
def test_listed_operations_are_forwarded(kind: Generation, method: str, path: str) -> None:
    with collection(kind=kind) as (client, came):
        assert client.request(method, path).status_code == 200
        assert [(each.method, each.path) for each in came] == [(method, path)]


@pytest.mark.parametrize("path", ["/_bulk?refresh=true", "/films/_doc?refresh=wait_for", "/films/_search?scroll=1m"])
def test_refreshes_and_scrolls_are_refused(path: str) -> None:
    with collection() as (client, came):
        assert client.post(path).status_code == 400
        assert came == []


def index(settings: dict[str, Any] | None = None, /, **vector: Any) -> dict[str, Any]:
    field = {"type": "knn_vector", "dimension": 4, **vector}
    return {"settings": {"index": {"knn": True, **(settings or {})}}, "mappings": {"properties": {"embedding": field}}}


FAISS = {"name": "hnsw", "engine": "faiss"}


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("nextgen", index(method=FAISS), "Field parameter 'engine' is not supported"),
        ("nextgen", index(mode="on_disk"), "Field parameter 'mode' is not supported"),
        ("nextgen", index(compression_level="4x"), "compression_level 4x is not supported"),
        ("classic", index(method={"name": "hnsw"}), "engine None is not supported"),
        ("classic", index(method={"name": "hnsw", "engine": "lucene"}), "engine lucene is not supported"),
        ("classic", index(method=FAISS, compression_level="1x"), "Field parameter 'compression_level'"),
        ("nextgen", index({"number_of_shards": 1}), "unknown setting [index.number_of_shards]"),
        ("classic", index({"colour": "green"}, method=FAISS), "unknown setting [index.colour]"),
        ("nextgen", index(method={"name": "hnsw"}, compression_level="1x"), None),
        ("classic", index(method=FAISS), None),
    ],
)
def test_mappings_and_settings(kind: Generation, body: dict[str, Any], reason: str | None) -> None:
    with collection(kind=kind) as (client, came):
        answer = client.put("/films-v1", json=body)
        assert (answer.status_code, len(came)) == ((200, 1) if reason is None else (400, 0))
        assert reason is None or reason in answer.json()["error"]["reason"]


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_refused_in_each_item_by_classic(kind: Generation) -> None:
    body = '{"delete":{"_id":"9"}}\n{"index":{"_id":"1"}}\n{"row":1}\n{"index":{}}\n{"row":2}\n'
    with collection(kind=kind) as (client, came):
        answer = client.post("/_bulk", content=body)
    if kind == "nextgen":
        assert len(came) == 1
    else:
        assert [item["index"]["status"] for item in answer.json()["items"]] == [400, 400, 400]
        assert came == []


def test_scripts_are_refused_by_classic_only() -> None:
    for kind, status in (("nextgen", 200), ("classic", 400)):
        with collection(kind=kind) as (client, _):
            assert client.post("/films/_search", json={"query": {"script_score": {}}}).status_code == status


def test_access_comes_late_and_waking_takes_a_while() -> None:
    with collection(first=[403, 429, 502, 503, "drop", 504]) as (client, came):
        said: list[int | None] = []
        for _ in range(7):
            try:
                said.append(client.get("/films").status_code)
            except httpx2.RemoteProtocolError:
                said.append(None)
    assert said == [403, 429, 502, 503, None, 504, 200]
    assert len(came) == 1


def test_silence_exceeds_the_client_s_timeout() -> None:
    with collection(first=["silent"]) as (client, _):
        with pytest.raises(httpx2.ReadTimeout):
            client.get("/films", timeout=HASTE_S)
        assert client.get("/films").status_code == 200


def test_a_request_with_a_lost_answer_took_effect() -> None:
    with collection(lost=[502]) as (client, came):
        assert client.get("/films").status_code == 200
        assert client.post("/films/_doc", json={}).status_code == 502
        assert client.post("/films/_doc", json={}).status_code == 200
    assert len(came) == 3


@pytest.mark.parametrize("keeps_meta", [True, False])
def test_meta_is_dropped_if_configured(keeps_meta: bool) -> None:
    with collection(keeps_meta=keeps_meta) as (client, came):
        client.put("/films-v1", json={"mappings": {"_meta": {"a": 1}, "properties": {}}})
        client.put("/films-v1/_mapping", json={"_meta": {"a": 1}, "dynamic": False})
    made, changed = (json.loads(request.body) for request in came)
    assert ("_meta" in made["mappings"], "_meta" in changed) == (keeps_meta, keeps_meta)
    assert changed["dynamic"] is False
