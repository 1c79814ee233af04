"""``/recommend`` and ``/recommend/from-films``: translation of requests and answers."""

from typing import Any

import pytest

from services.recommender.domain.filters import NO_FILTERS
from services.recommender.domain.genres import to_mask
from services.recommender.domain.request import Request
from services.recommender.errors import (
    AllSeedsUnknown,
    BadCursor,
    BundleDamaged,
    BundleMissing,
    MarqueeError,
    StateUnavailable,
    UnknownGenre,
)
from tests.api.fakes import FakeRecommender, fake_client


def translated(body: dict[str, Any]) -> Request:
    """The domain request that a body is translated to."""
    recommender = FakeRecommender()
    response = fake_client(recommender).post("/recommend", json=body)
    assert response.status_code == 200, response.text
    return recommender.requests[0]


def test_an_empty_request_takes_the_defaults() -> None:
    assert translated({}) == Request()


def test_no_body_at_all_is_an_empty_request() -> None:
    recommender = FakeRecommender()
    assert fake_client(recommender).post("/recommend").status_code == 200
    assert recommender.requests == [Request()]


def test_every_field_reaches_the_recommender() -> None:
    request = translated(
        {
            "user_id": "u1", "k": 100, "explain": True, "liked": ["6", "50"], "disliked": ["7"], "tmdb_ids": [949],
            "query": "  a heist ", "understand": False, "ignore_conditions": ["year:1999"],
            "only_item_ids": ["9"], "exclude_item_ids": ["8"], "include_seen": True,
            "diversity": 1, "familiarity": 0, "cursor": "abc",
            "filters": {
                "genres": ["sci-fi", "DRAMA"], "not_genres": ["Children"], "year_from": 1990, "year_to": 1990,
                "runtime_to": 120, "languages": ["EN", "fr"], "min_votes": 10,
            },
        }
    )  # fmt: skip
    filters = request.filters
    assert request == Request(
        user_id="u1", k=100, explain=True, liked=("6", "50"), disliked=("7",), tmdb_ids=(949,), query="a heist",
        understand=False, ignore_conditions=("year:1999",), filters=filters,
        only_item_ids=("9",), exclude_item_ids=("8",), include_seen=True, diversity=1.0,
        familiarity=0.0, cursor="abc",
    )  # fmt: skip
    assert filters.genres == to_mask(["Science Fiction", "Drama"])
    assert filters.not_genres == to_mask(["Family"])
    assert (filters.year_from, filters.year_to, filters.runtime_to, filters.min_votes) == (1990, 1990, 120, 10)
    assert filters.languages == ("en", "fr")


def test_null_is_the_same_as_absent() -> None:
    lists = ("liked", "disliked", "tmdb_ids", "only_item_ids", "exclude_item_ids", "ignore_conditions")
    names = ("user_id", *lists, "query", "filters", "familiarity", "cursor")
    assert translated(dict.fromkeys(names)) == Request()
    names = ("genres", "not_genres", "year_from", "year_to", "runtime_to", "languages")
    assert translated({"filters": dict.fromkeys(names)}).filters == NO_FILTERS


def test_a_shelf_of_ten_thousand_long_ids_fits_into_a_body() -> None:
    shelf = [f"{number:0>128}" for number in range(10_000)]
    assert translated({"only_item_ids": shelf}).only_item_ids == tuple(shelf)


def test_an_empty_shelf_differs_from_no_shelf() -> None:
    assert translated({"only_item_ids": []}).only_item_ids == ()
    assert translated({"only_item_ids": None}).only_item_ids is None


@pytest.mark.parametrize("query", ["", "   ", "\n\t"])
def test_a_blank_query_is_none(query: str) -> None:
    assert translated({"query": query}).query is None


def test_a_query_is_measured_after_stripping() -> None:
    assert translated({"query": " " * 400 + "x" * 500}).query == "x" * 500


def test_limits_are_inclusive() -> None:
    request = translated({"liked": ["6"] * 500, "exclude_item_ids": ["6"] * 1_000, "diversity": 0, "k": 1})
    assert (len(request.liked), len(request.exclude_item_ids), request.diversity) == (500, 1_000, 0)


def test_the_answer_adds_fields_of_the_request_to_those_of_the_recommender() -> None:
    client = fake_client()
    first, second = (client.post("/recommend", json={"user_id": "u1"}) for _ in range(2))
    document = first.json()
    assert document["user_id"] == "u1"
    assert document["cached"] is False
    assert document["recommendation_id"] != second.json()["recommendation_id"]
    assert first.headers["content-type"] == "application/json"


def test_the_answer_is_private_and_timed() -> None:
    headers = fake_client().post("/recommend", json={"user_id": "u1"}).headers
    assert headers["cache-control"] == "private, no-store"
    timing = headers["server-timing"]
    assert timing.startswith("state;dur=0.25, rank;dur=1.50, total;dur=")


@pytest.mark.parametrize("inline", [True, False])
def test_it_answers_in_the_loop_and_in_a_thread(inline: bool) -> None:
    with fake_client(inline=inline) as client:
        assert client.post("/recommend", json={}).status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (AllSeedsUnknown("none is known", "/liked"), 422, "all-seeds-unknown"),
        (BadCursor("the cursor is forged", "/cursor"), 422, "bad-cursor"),
        (UnknownGenre("no such genre", "/filters/genres/0"), 422, "unknown-genre"),
        (BundleMissing("run `marquee build`"), 503, "bundle-missing"),
        (BundleDamaged("sizes differ"), 503, "bundle-damaged"),
        (StateUnavailable("locked", retry_after=3), 503, "state-unavailable"),
        (MarqueeError("odd"), 500, "internal-error"),
        (RuntimeError("secret: /srv/x"), 500, "internal-error"),
    ],
)
def test_errors_of_the_recommender_are_problem_documents(error: Exception, status: int, slug: str) -> None:
    recommender = FakeRecommender(fails=error)
    client = fake_client(recommender)
    response = client.post("/recommend", json={})
    problem = response.json()
    assert (response.status_code, problem["type"]) == (status, f"/problems/{slug}")
    assert response.headers["content-type"] == "application/problem+json"
    if status == 422:
        assert problem["errors"][0]["pointer"] == error.pointer  # type: ignore[attr-defined]
    if status == 503:
        assert int(response.headers["retry-after"]) > 0
        assert str(error) == problem["detail"]
    if status == 500:
        assert str(error) not in response.text
    assert client.post("/recommend", json={}).status_code == 200


def test_from_films() -> None:
    client = fake_client()
    response = client.post("/recommend/from-films", json={"tmdb_ids": [949], "top_n": 2})
    assert [line["movie_id"] for line in response.json()["recommendations"]] == [6, 6]
    assert client.post("/recommend/from-films", json={"item_ids": ["6"]}).status_code == 200


def test_from_films_by_a_preset() -> None:
    recommender = FakeRecommender()
    client = fake_client(recommender)
    for preset in ("default", "svd"):
        body = {"item_ids": ["6"], "preset": preset}
        assert client.post("/recommend/from-films", json=body).status_code == 200
    response = client.post("/recommend/from-films", json={"item_ids": ["6"], "preset": "other"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/preset"


def test_an_unavailable_preset_is_a_problem_of_its_own() -> None:
    client = fake_client(FakeRecommender(svd=False))
    response = client.post("/recommend/from-films", json={"item_ids": ["6"], "preset": "svd"})
    assert (response.status_code, response.json()["type"]) == (422, "/problems/preset-unavailable")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"][0]["pointer"] == "/preset"
    assert client.post("/recommend/from-films", json={"item_ids": ["6"]}).status_code == 200


@pytest.mark.parametrize("body", [{}, {"tmdb_ids": []}, {"item_ids": [], "tmdb_ids": None}])
def test_from_films_needs_a_film(body: dict[str, Any]) -> None:
    response = fake_client().post("/recommend/from-films", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/tmdb_ids"


def test_from_unknown_films_only() -> None:
    response = fake_client().post("/recommend/from-films", json={"tmdb_ids": [1]})
    assert (response.status_code, response.json()["type"]) == (422, "/problems/all-seeds-unknown")
