"""Loading films: what is sent, what is sent again, and what is reported."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from opensearchpy import OpenSearch

from data_jobs.indexing.bulk import CHUNK_FILMS, LONGEST_PAUSE_S, ROUNDS, IndexingFailed, InDoubt, load
from data_jobs.indexing.documents import document
from services.adapters.search.opensearch.target import OpenSearchTarget
from tests.builders import make_bundle
from tests.servers.http_server import Answer, HttpServer, Request

BUNDLE = make_bundle(films=12, outside=2)


@dataclass
class Bulk:
    """A stand-in for the bulk API. ``trouble``: a row to the statuses of its first attempts; ``refused``: the statuses
    of whole requests.
    """

    trouble: dict[int, list[int]] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)
    indexed: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    actions: list[dict] = field(default_factory=list)
    requests: int = 0

    def __call__(self, request: Request) -> Answer:
        self.requests += 1
        lines = [json.loads(line) for line in request.body.splitlines()]
        self.actions += lines[::2]
        rows = [document["row"] for document in lines[1::2]]
        self.sent += rows
        if self.refused:
            return answer(self.refused.pop(0), {"error": "busy"})
        items = [self._item(row) for row in rows]
        return answer(200, {"errors": True, "items": items})

    def _item(self, row: int) -> dict:
        statuses = self.trouble.get(row)
        if statuses:
            status = statuses.pop(0)
            return {"index": {"status": status, "error": {"type": "rejected", "reason": f"no {status}"}}}
        self.indexed.append(row)
        return {"index": {"status": 201}}


def answer(status: int, document: dict) -> Answer:
    return Answer(status, json.dumps(document).encode(), [("Content-Type", "application/json")])


@contextmanager
def loading(bulk: Bulk, bundle=BUNDLE, custom_ids: bool = False) -> Iterator[tuple]:
    server = HttpServer(bulk)
    client = OpenSearch(OpenSearchTarget(f"http://127.0.0.1:{server.port}").endpoint, max_retries=0)
    steps: list[tuple[str, int, int | None]] = []
    slept: list[float] = []

    class Steps:
        def advance(self, step: str, done: int, total: int | None) -> None:
            steps.append((step, done, total))

    try:
        yield lambda: load(client, "films-v1", bundle, custom_ids, Steps(), slept.append), slept, steps
    finally:
        client.close()
        server.close()


def test_every_film_is_sent_once():
    bulk = Bulk()
    with loading(bulk) as (load_films, slept, steps):
        load_films()
    assert sorted(bulk.indexed) == list(range(12))
    assert bulk.actions == [{"index": {"_index": "films-v1"}}] * 12
    assert slept == []
    assert steps == [("films loaded", 12, 12)]


def test_films_are_sent_in_chunks():
    bundle = make_bundle(films=2 * CHUNK_FILMS + 1, outside=2)
    bulk = Bulk()
    with loading(bulk, bundle) as (load_films, _, steps):
        load_films()
    assert bulk.requests == 3
    assert sorted(bulk.indexed) == list(range(2 * CHUNK_FILMS + 1))
    assert [done for _, done, _ in steps] == [CHUNK_FILMS, 2 * CHUNK_FILMS, 2 * CHUNK_FILMS + 1]


@pytest.mark.parametrize("status", [403, 429, 503])
def test_films_that_a_busy_engine_rejects_are_sent_again(status):
    bulk = Bulk(trouble={3: [status, status], 7: [status]})
    with loading(bulk) as (load_films, slept, _):
        load_films()
    assert sorted(bulk.indexed) == list(range(12))
    assert bulk.sent.count(3) == 3
    assert bulk.sent.count(7) == 2
    assert bulk.sent.count(0) == 1
    assert len(slept) == 2
    assert 1 <= slept[0] <= 2 <= slept[1] <= 4


def test_a_throttled_request_is_sent_again():
    bulk = Bulk(refused=[429])
    with loading(bulk) as (load_films, _, _):
        load_films()
    assert sorted(bulk.indexed) == list(range(12))


def test_retries_end_after_some_minutes():
    bulk = Bulk(trouble={3: [429] * 100})
    with loading(bulk) as (load_films, slept, _), pytest.raises(IndexingFailed, match="1 of 12 films were refused"):
        load_films()
    assert bulk.sent.count(3) == ROUNDS
    assert len(slept) == ROUNDS - 1
    assert sum(slept) >= 90, "some minutes"
    assert max(slept) <= LONGEST_PAUSE_S


def test_refused_films_are_named_with_the_reason_and_not_sent_again():
    bulk = Bulk(trouble={3: [400], 5: [429] * 100})
    with loading(bulk) as (load_films, _, _), pytest.raises(IndexingFailed) as caught:
        load_films()
    assert f"{BUNDLE.catalogue.item_ids[3]} (400" in str(caught.value)
    assert "no 400" in str(caught.value)
    assert bulk.sent.count(3) == 1


def test_of_many_refused_films_the_first_are_named():
    bulk = Bulk(trouble={row: [400] for row in range(12)})
    with loading(bulk) as (load_films, _, _), pytest.raises(IndexingFailed, match=r"12 of 12 .* and 2 more"):
        load_films()


@pytest.mark.parametrize("custom_ids", [False, True])
def test_a_request_of_unknown_outcome_is_repeated_only_with_custom_ids(custom_ids):
    bulk = Bulk(refused=[502])
    with loading(bulk, custom_ids=custom_ids) as (load_films, _, _):
        if custom_ids:
            load_films()
        else:
            with pytest.raises(InDoubt, match="502"):
                load_films()
    assert bulk.requests == (2 if custom_ids else 1)


def test_ids_are_rows():
    bulk = Bulk()
    with loading(bulk, custom_ids=True) as (load_films, _, _):
        load_films()
    assert bulk.actions[4] == {"index": {"_index": "films-v1", "_id": "4"}}


def test_a_document_has_no_empty_fields():
    for row in range(12):
        fields = document(BUNDLE, row)
        assert {"row", "item_id", "title", "votes"} <= set(fields)
        assert all(fields[name] not in ("", [], None) for name in fields)
        json.dumps(fields)
