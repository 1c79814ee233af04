"""Export, erasure and health probes."""

import pytest

from services.recommender.errors import StateUnavailable
from tests.api.fakes import FakeRecommender, fake_client


def test_a_person_is_exported() -> None:
    response = fake_client(FakeRecommender(people={"u1"})).get("/users/u1/export")
    document = response.json()
    assert (response.status_code, document["user_id"], document["events"]) == (200, "u1", [])
    assert response.headers["cache-control"] == "private, no-store"


def test_a_person_is_erased_once() -> None:
    client = fake_client(FakeRecommender(people={"u1"}))
    first, second = (client.delete("/users/u1") for _ in range(2))
    assert (first.status_code, first.content) == (204, b"")
    assert (second.status_code, second.json()["type"]) == (404, "/problems/unknown-person")
    assert client.get("/users/u1/export").status_code == 404


@pytest.mark.parametrize("user_id", ["a/b", "c#d", "é ü", "x/export", "?", "100%"])
def test_a_person_with_an_unusual_id(user_id: str) -> None:
    recommender = FakeRecommender(people={user_id})
    client = fake_client(recommender)
    encoded = "".join(f"%{byte:02X}" for byte in user_id.encode())
    assert client.get(f"/users/{encoded}/export").json()["user_id"] == user_id
    assert client.delete(f"/users/{encoded}").status_code == 204
    assert recommender.people == set()


def test_an_erasure_fails_while_the_store_is_down() -> None:
    recommender = FakeRecommender(people={"u1"}, fails=StateUnavailable("locked"))
    response = fake_client(recommender).delete("/users/u1")
    assert response.status_code == 503
    assert recommender.people == {"u1"}


def test_liveness_does_not_use_the_recommender() -> None:
    recommender = FakeRecommender(fails=RuntimeError("the recommender is used"))
    response = fake_client(recommender).get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert recommender.fails is not None


@pytest.mark.parametrize(("query", "parts"), [("", 2), ("?deep=0", 2), ("?deep=1", 3), ("?deep=true", 3)])
def test_ready(query: str, parts: int) -> None:
    response = fake_client().get(f"/health/ready{query}")
    assert (response.status_code, len(response.json()["parts"])) == (200, parts)


@pytest.mark.parametrize(("query", "status"), [("deep=1", 200), ("deep=1&strict=0", 200), ("deep=1&strict=1", 503)])
def test_a_degraded_part_is_ready_unless_the_check_is_strict(query: str, status: int) -> None:
    parts = {"bundle": "ok", "state": "ok", "encoder": "degraded: unavailable"}
    response = fake_client(FakeRecommender(parts=parts)).get(f"/health/ready?{query}")
    assert response.status_code == status
    if status == 200:
        assert response.json()["status"] == "degraded"
    else:
        assert response.json()["detail"] == "encoder: degraded: unavailable"


def test_a_strict_check_passes_without_degraded_parts() -> None:
    assert fake_client().get("/health/ready?deep=1&strict=1").json()["status"] == "ok"


def test_a_failing_part_is_named() -> None:
    recommender = FakeRecommender(parts={"bundle": "there is no bundle", "state": "ok"})
    response = fake_client(recommender).get("/health/ready")
    problem = response.json()
    assert (response.status_code, problem["type"]) == (503, "/problems/not-ready")
    assert problem["detail"] == "bundle: there is no bundle"
    assert [fault["pointer"] for fault in problem["errors"]] == ["/bundle"]
    assert response.headers["retry-after"] == "5"
