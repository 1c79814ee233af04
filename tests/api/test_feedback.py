"""``/feedback`` and its batch: rules for events, times and idempotency."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.recommender.domain.history import EventKind
from services.recommender.errors import StateUnavailable
from tests.api.fakes import NOW_MS, FakeRecommender, fake_client

LIKE = {"user_id": "u1", "item_id": "6", "event": "like"}


@pytest.fixture
def recommender() -> FakeRecommender:
    return FakeRecommender()


@pytest.fixture
def client(recommender: FakeRecommender) -> TestClient:
    return fake_client(recommender)


def test_202_means_stored(client: TestClient, recommender: FakeRecommender) -> None:
    response = client.post("/feedback", json={**LIKE, "recommendation_id": "r-1"})
    assert (response.status_code, response.json()) == (202, {"event_id": "e1", "duplicate": False, "item_id": "6"})
    assert response.headers["cache-control"] == "private, no-store"
    assert "idempotency-replayed" not in response.headers
    (command,) = recommender.stored
    assert (command.user_id, command.recommendation_id, command.idempotency) == ("u1", "r-1", None)
    assert (command.event.kind, command.event.value, command.event.ts_ms) == (EventKind.LIKE, 1.0, NOW_MS)


@pytest.mark.parametrize("event", ["like", "dislike", "watch", "click", "clear"])
@pytest.mark.parametrize("value", [{}, {"value": 1}, {"value": 1.0}, {"value": None}])
def test_events_without_a_rating(client: TestClient, event: str, value: dict[str, Any]) -> None:
    assert client.post("/feedback", json={**LIKE, "event": event, **value}).status_code == 202


@pytest.mark.parametrize("stars", [0.5, 1, 2.5, 4.5, 5])
def test_ratings(client: TestClient, recommender: FakeRecommender, stars: float) -> None:
    assert client.post("/feedback", json={**LIKE, "event": "rating", "value": stars}).status_code == 202
    assert recommender.stored[0].event.value == stars


@pytest.mark.parametrize(
    ("event", "value", "message"),
    [
        ("rating", 7, "between 0.5 and 5 in steps of 0.5"),
        ("rating", 0, "between 0.5 and 5"),
        ("rating", 3.3, "in steps of 0.5"),
        ("rating", None, "for a rating"),
        ("rating", "5", "must be a number"),
        ("rating", True, "must be a number"),
        ("like", 2, "must be 1 or absent"),
        ("clear", 0, "must be 1 or absent"),
    ],
)
def test_values_that_do_not_fit_the_event_are_refused(
    client: TestClient, recommender: FakeRecommender, event: str, value: Any, message: str
) -> None:
    response = client.post("/feedback", json={**LIKE, "event": event, "value": value})
    assert response.status_code == 422
    (fault,) = response.json()["errors"]
    assert fault["pointer"] == "/value"
    assert message in fault["detail"]
    assert recommender.stored == []


def test_a_rating_needs_its_value(client: TestClient) -> None:
    response = client.post("/feedback", json={**LIKE, "event": "rating"})
    assert response.json()["errors"][0]["pointer"] == "/value"


@pytest.mark.parametrize("missing", ["user_id", "event"])
def test_required_fields(client: TestClient, missing: str) -> None:
    response = client.post("/feedback", json={name: value for name, value in LIKE.items() if name != missing})
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"pointer": f"/{missing}", "detail": f"{missing} is required", "location": "body"}
    ]


@pytest.mark.parametrize(
    "film", [{}, {"item_id": "6", "tmdb_id": 949}, {"tmdb_id": 949, "imdb_id": "tt0113277"}, {"item_id": None}]
)
def test_a_film_is_named_once(client: TestClient, film: dict[str, Any]) -> None:
    response = client.post("/feedback", json={"user_id": "u1", "event": "like", **film})
    assert response.status_code == 422
    assert "by exactly one of item_id, tmdb_id and imdb_id" in response.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("film", "item_id"),
    [({"tmdb_id": 949}, "tmdb:949"), ({"imdb_id": "tt0113277"}, "tt0113277"), ({"item_id": "tmdb:949"}, "tmdb:949")],
)
def test_a_film_by_the_id_of_tmdb_or_imdb(
    client: TestClient, recommender: FakeRecommender, film: dict[str, Any], item_id: str
) -> None:
    response = client.post("/feedback", json={"user_id": "u1", "event": "like", **film})
    assert response.status_code == 202
    assert recommender.stored[0].event.item_id == response.json()["item_id"] == item_id


@pytest.mark.parametrize("imdb_id", ["0113277", "tt", "nm0000134", "tt12345678901", 113277])
def test_a_malformed_imdb_id_is_refused(client: TestClient, imdb_id: object) -> None:
    response = client.post("/feedback", json={"user_id": "u1", "event": "like", "imdb_id": imdb_id})
    assert response.json()["errors"][0]["pointer"] == "/imdb_id"


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        (1_700_000_000, 1_700_000_000_000),
        (1_700_000_000.25, 1_700_000_000_250),
        (1_700_000_000_123, 1_700_000_000_123),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T23:13:20.500+01:00", 1_700_000_000_500),
        (None, NOW_MS),
        (0, 0),
    ],
)
def test_times(client: TestClient, recommender: FakeRecommender, ts: Any, expected: int) -> None:
    assert client.post("/feedback", json={**LIKE, "ts": ts}).status_code == 202
    assert recommender.stored[0].event.ts_ms == expected


@pytest.mark.parametrize(
    "ts",
    ["2023-11-14T22:13:20", "yesterday", "", "2023-13-01T00:00:00Z", -1, 1e300, True, [], "0001-01-01T00:00:00+14:00"],
)
def test_invalid_times_are_refused(client: TestClient, ts: Any) -> None:
    response = client.post("/feedback", json={**LIKE, "ts": ts})
    assert response.status_code == 422
    (fault,) = response.json()["errors"]
    assert fault["pointer"] == "/ts"
    assert "ISO 8601 with an offset" in fault["detail"]


def test_a_time_more_than_five_minutes_ahead_is_refused(client: TestClient) -> None:
    assert client.post("/feedback", json={**LIKE, "ts": NOW_MS + 299_000}).status_code == 202
    response = client.post("/feedback", json={**LIKE, "ts": NOW_MS + 301_000})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/ts"


def test_an_unknown_film_is_a_404(client: TestClient) -> None:
    response = client.post("/feedback", json={**LIKE, "item_id": "nope"})
    assert (response.status_code, response.json()["type"]) == (404, "/problems/unknown-film")


def test_a_locked_store_is_a_503_with_retry_after(recommender: FakeRecommender, client: TestClient) -> None:
    recommender.fails = StateUnavailable("the database is locked", retry_after=2)
    response = client.post("/feedback", json=LIKE)
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    assert recommender.stored == []


def test_a_retry_is_a_replay(client: TestClient, recommender: FakeRecommender) -> None:
    key = {"Idempotency-Key": "abc 1"}
    first, second = (client.post("/feedback", json=LIKE, headers=key) for _ in range(2))
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert len(recommender.stored) == 1
    once = recommender.stored[0].idempotency
    assert once is not None
    assert (once.scope, once.key) == ("-:/feedback", "abc 1")


def test_an_equivalent_body_is_a_replay(client: TestClient) -> None:
    headers = {"Idempotency-Key": "k", "content-type": "application/json"}
    client.post("/feedback", content=b'{"user_id":"u1","item_id":"6","event":"like"}', headers=headers)
    spelt = b'{ "event": "like", "item_id": "\\u0036", "user_id": "u1", "value": null }'
    assert client.post("/feedback", content=spelt, headers=headers).headers["idempotency-replayed"] == "true"


def test_the_same_key_with_another_body_is_refused(client: TestClient) -> None:
    client.post("/feedback", json=LIKE, headers={"Idempotency-Key": "k"})
    response = client.post("/feedback", json={**LIKE, "event": "dislike"}, headers={"Idempotency-Key": "k"})
    assert (response.status_code, response.json()["type"]) == (422, "/problems/idempotency-mismatch")


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "caf\u00e9"])
def test_idempotency_keys_are_checked(client: TestClient, key: str) -> None:
    response = client.post("/feedback", json=LIKE, headers={"Idempotency-Key": key.encode("latin-1")})
    assert response.status_code == 422
    (fault,) = response.json()["errors"]
    assert (fault["pointer"], fault["location"]) == ("/Idempotency-Key", "header")


def test_a_batch_has_a_result_per_event(client: TestClient, recommender: FakeRecommender) -> None:
    events = [
        LIKE,
        {**LIKE, "event": "rating", "value": 7},
        {**LIKE, "item_id": "nope"},
        "no event",
        {**LIKE, "ts": NOW_MS + 400_000},
        {**LIKE, "user_id": "u2"},
    ]
    response = client.post("/feedback/batch", json={"events": events})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["status"] for result in results] == [202, 422, 404, 422, 422, 202]
    assert results[0] == {"status": 202, "event_id": "e1", "duplicate": False, "item_id": "6"}
    assert results[1]["problem"]["errors"][0]["pointer"] == "/events/1/value"
    assert results[2]["problem"]["type"] == "/problems/unknown-film"
    assert results[3]["problem"]["errors"][0]["pointer"] == "/events/3"
    assert results[4]["problem"]["errors"][0]["pointer"] == "/events/4/ts"
    assert [command.user_id for command in recommender.stored] == ["u1", "u2"]


def test_a_batch_of_invalid_events_stores_nothing(client: TestClient, recommender: FakeRecommender) -> None:
    response = client.post("/feedback/batch", json={"events": [{}, 5]})
    assert [result["status"] for result in response.json()["results"]] == [422, 422]
    assert recommender.stored == []


@pytest.mark.parametrize("events", [[], [LIKE] * 101, {}, None])
def test_the_size_of_a_batch(client: TestClient, events: Any) -> None:
    response = client.post("/feedback/batch", json={"events": events})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/events"


def test_a_batch_of_a_hundred(client: TestClient, recommender: FakeRecommender) -> None:
    response = client.post("/feedback/batch", json={"events": [LIKE] * 100})
    assert [result["status"] for result in response.json()["results"]] == [202] * 100
    assert len(recommender.stored) == 100


def test_a_batch_is_replayed_event_by_event(client: TestClient, recommender: FakeRecommender) -> None:
    body = {"events": [LIKE, {}, {**LIKE, "user_id": "u2"}]}
    first, second = (client.post("/feedback/batch", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert second.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    keys = [command.idempotency.key for command in recommender.stored if command.idempotency]
    assert keys == ["k#0", "k#2"]


def test_a_batch_with_another_event_under_its_key_is_no_replay(client: TestClient) -> None:
    first, second = {"events": [LIKE, {**LIKE, "user_id": "u2"}]}, {"events": [LIKE, {**LIKE, "user_id": "u3"}]}
    client.post("/feedback/batch", json=first, headers={"Idempotency-Key": "k"})
    response = client.post("/feedback/batch", json=second, headers={"Idempotency-Key": "k"})
    assert [result["status"] for result in response.json()["results"]] == [202, 422]
    assert "idempotency-replayed" not in response.headers


def test_a_store_that_is_down_refuses_the_whole_batch(recommender: FakeRecommender, client: TestClient) -> None:
    recommender.fails = StateUnavailable("full")
    assert client.post("/feedback/batch", json={"events": [LIKE]}).status_code == 503
