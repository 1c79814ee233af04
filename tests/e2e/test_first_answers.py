"""Basic behaviour over HTTP: recommendations, feedback that changes the next answer, and clearing it."""

from tests.e2e.kit import Served, ids


def test_an_unknown_person_gets_popular_films(served: Served) -> None:
    answer = served.recommend(k=10)
    assert answer["strategy"] == "popular"
    assert answer["degraded"] == []
    assert len(answer["items"]) == 10
    assert all(item["reason"] and 0 <= item["score"] <= 1 for item in answer["items"])


def test_a_like_changes_the_very_next_answer(served: Served) -> None:
    before = served.recommend(user_id="ann", k=20)
    liked = ids(before)[3]
    assert served.feedback("ann", liked)["event_id"]
    after = served.recommend(user_id="ann", k=20)
    assert after["strategy"] == "personal"
    assert after["cached"] is False
    assert liked not in ids(after)
    assert ids(after) != ids(before)


def test_a_dislike_removes_the_film_and_clear_brings_it_back(served: Served) -> None:
    first = ids(served.recommend(user_id="ben", k=20))
    served.feedback("ben", first[0], "dislike")
    assert first[0] not in ids(served.recommend(user_id="ben", k=100))
    served.feedback("ben", first[0], "clear")
    assert ids(served.recommend(user_id="ben", k=20)) == first


def test_a_cached_answer_equals_the_fresh_one(served: Served) -> None:
    served.feedback("cleo", ids(served.recommend(k=1))[0])
    fresh, again = (served.recommend(user_id="cleo", k=7) for _ in range(2))
    assert (fresh["cached"], again["cached"]) == (False, True)
    varying = {"cached", "recommendation_id"}
    assert {name: fresh[name] for name in fresh.keys() - varying} == {
        name: again[name] for name in again.keys() - varying
    }


def test_an_erased_person_is_unknown(served: Served) -> None:
    served.feedback("dora", ids(served.recommend(k=1))[0])
    assert len(served.export("dora")["events"]) == 1
    assert served.client.delete("/users/dora").status_code in (200, 204)
    assert served.client.get("/users/dora/export").status_code == 404
    assert served.recommend(user_id="dora")["strategy"] == "popular"


def test_filters_pages_and_similar(served: Served) -> None:
    western = served.recommend(k=5, filters={"genres": ["Western"]})
    assert all("Western" in item["genres"] for item in western["items"])
    first_page = ids(western)
    page = served.recommend(k=5, filters={"genres": ["Western"]}, cursor=western["next_cursor"])
    assert not set(ids(page)) & set(first_page)
    similar = served.client.get("/similar", params={"item_id": first_page[0], "k": 5})
    assert similar.status_code == 200
    assert first_page[0] not in ids(similar.json())


def test_free_text_finds_a_title_without_any_encoder(served: Served) -> None:
    film = served.recommend(k=30)["items"][17]
    answer = served.recommend(query=film["title"], k=5)
    assert answer["strategy"] == "query"
    assert film["item_id"] in ids(answer)


def test_health_version_docs_and_page(served: Served) -> None:
    for path in ("/health/live", "/health/ready", "/health/ready?deep=1", "/version", "/openapi.json", "/docs", "/"):
        assert served.client.get(path).status_code == 200, path
    assert served.client.get("/nowhere").headers["content-type"].startswith("application/problem+json")


def test_head_keeps_the_connection_usable(served: Served) -> None:
    """The client does not wait for the announced body, and no body is taken for the next answer."""
    for path in ("/health/live", "/version", "/similar?tmdb_id=346", "/nowhere", "/"):
        get, head = served.client.get(path), served.client.head(path)
        assert (head.status_code, head.content) == (get.status_code, b""), path
        assert head.headers["content-length"] == get.headers["content-length"], path


def test_invalid_requests_are_refused_and_the_server_keeps_serving(served: Served) -> None:
    for body in (b"{", b"\xff\xfe", b'{"k": 0}', b'{"k": "ten"}', b'{"unknown": 1}', b"x" * 2_000_000):
        answer = served.client.post("/recommend", content=body, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500, body[:20]
        assert answer.headers["content-type"].startswith("application/problem+json")
    assert served.recommend(k=1)["items"]
