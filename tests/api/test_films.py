"""``/similar``, ``/films`` and ``/catalogue``: not personal, and therefore cacheable."""

import json

import pytest
from fastapi.testclient import TestClient

from services.api.app.edge import Edge
from services.api.app.security.api_keys import make_key
from services.api.app.services import AppServices
from services.recommender.errors import BundleMissing
from services.recommender.ports import ApiKey
from tests.api.fakes import PEPPER, PEPPER_SECRET, DictKeys, FakeRecommender, fake_client

CACHEABLE = ["/similar?item_id=6", "/films?q=he", "/films/6", "/catalogue"]


@pytest.fixture
def client() -> TestClient:
    return fake_client()


@pytest.mark.parametrize("query", ["item_id=6", "tmdb_id=949", "item_id=6&k=1", "item_id=6&k=100"])
def test_similar(client: TestClient, query: str) -> None:
    document = client.get(f"/similar?{query}").json()
    assert document["items"][0]["reason"] == ["Crime"]


@pytest.mark.parametrize("query", ["item_id=nope", "tmdb_id=1"])
def test_similar_to_an_unknown_film(client: TestClient, query: str) -> None:
    response = client.get(f"/similar?{query}")
    assert (response.status_code, response.json()["type"]) == (404, "/problems/unknown-film")
    assert response.headers["cache-control"] == "private, no-store"
    assert "etag" not in response.headers


@pytest.mark.parametrize("path", CACHEABLE)
def test_answers_are_publicly_cacheable_without_api_keys(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["cache-control"] == "public, max-age=300"
    assert "vary" not in headers


@pytest.mark.parametrize("path", CACHEABLE)
def test_answers_are_privately_cacheable_with_api_keys(path: str) -> None:
    client = fake_client(
        keys=DictKeys({"k1": ApiKey("k1", "test")}), key_pepper=PEPPER_SECRET, auth_required=True,
    )  # fmt: skip
    headers = client.get(path, headers={"X-API-Key": make_key("k1", PEPPER)}).headers
    assert headers["cache-control"] == "private, max-age=300"
    assert headers["vary"] == "X-API-Key"


@pytest.mark.parametrize("path", CACHEABLE)
@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_a_matching_entity_tag_is_not_modified(client: TestClient, path: str, form: str) -> None:
    tag = client.get(path).headers["etag"]
    response = client.get(path, headers={"If-None-Match": form.format(tag=tag)})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == tag
    assert response.headers["cache-control"] == "public, max-age=300"


def test_a_degraded_answer_is_not_cacheable() -> None:
    recommender = FakeRecommender(degraded=["search: timeout"])
    response = fake_client(recommender).get("/similar?item_id=6")
    assert response.json()["degraded"] == ["search: timeout"]
    assert response.headers["cache-control"] == "private, no-store"
    assert "etag" not in response.headers


@pytest.mark.parametrize("tag", ['"other"', "", "garbage"])
def test_another_entity_tag_gets_the_full_answer(client: TestClient, tag: str) -> None:
    assert client.get("/similar?item_id=6", headers={"If-None-Match": tag}).status_code == 200


def test_the_tag_follows_the_content(client: TestClient) -> None:
    tags = {client.get(f"/films/{item_id}").headers["etag"] for item_id in ("6", "50", "6")}
    assert len(tags) == 2


def test_films_by_the_beginning_of_a_title(client: TestClient) -> None:
    assert [film["title"] for film in client.get("/films?q=%20he%20").json()["items"]] == ["Heat"]
    assert client.get("/films?q=zz&limit=50").json() == {"items": []}


@pytest.mark.parametrize(
    ("path", "item_id"),
    [
        ("/films/6", "6"),
        ("/films/a%2Fb", "a/b"),
        ("/films/a%2fb", "a/b"),
        ("/films/c%23d", "c#d"),
        ("/films/%C3%A9%20%C3%BC", "é ü"),
    ],
)
def test_a_film_by_an_encoded_id(client: TestClient, path: str, item_id: str) -> None:
    assert client.get(path).json()["item_id"] == item_id


def test_an_unknown_film_is_a_404(client: TestClient) -> None:
    response = client.get("/films/a%2Fz")
    problem = response.json()
    assert (response.status_code, problem["instance"]) == (404, "/films/a%2Fz")
    assert "'a/z'" in problem["detail"]


def test_the_catalogue_has_demo_users_and_auth_required() -> None:
    document = fake_client(demo_users=("u1", "u2")).get("/catalogue").json()
    assert document["films"] == 1
    assert (document["demo_users"], document["auth_required"]) == (["u1", "u2"], False)


def test_the_catalogue_is_rendered_once_per_release() -> None:
    edge = Edge(AppServices(recommender=FakeRecommender()))
    first, later = {"films": 1}, {"films": 2}
    rendered = edge.catalogue(first)
    assert edge.catalogue(first) is rendered
    assert json.loads(edge.catalogue(later).content)["films"] == 2
    assert edge.catalogue(later).tag != rendered.tag


def test_version() -> None:
    recommender = FakeRecommender()
    client = fake_client(recommender)
    assert client.get("/version").json()["bundle_version"] == "b1"
    recommender.fails = BundleMissing("there is no bundle; run `marquee build`")
    response = client.get("/version")
    assert (response.status_code, response.json()["type"]) == (503, "/problems/bundle-missing")
