"""Regression tests of reported cases, on bundles built from the inputs under tests/data/cases."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data_jobs.build import Order, build
from data_jobs.report import Silent
from data_jobs.validate import Source
from services.api.app.main import create_app
from services.api.app.services import AppServices
from services.bootstrap import build_services
from services.settings import load_settings
from tests.patience import LONGEST_MS

CASES = Path(__file__).parents[1] / "data" / "cases"
# Films with short titles, and more popular ones whose titles begin with them.
SHORT_TITLES = ("M", "Boy", "It", "Ali", "Her", "Drive", "Room", "Z", "Up", "Ran")
BETTER_KNOWN = (
    "Mad Max (1979)", "Boyhood (2014)", "Boyz N the Hood (1991)", "It's a Wonderful Life (1946)", "Aliens (1986)",
    "Hercules (1997)", "Hero (2002)", "Driver, The (1978)", "Driving Miss Daisy (1989)", "Roommate, The (2011)",
    "Zodiac (2007)", "Zoolander (2001)", "Unforgiven (1992)", "Upside, The (2017)", "Rango (2011)", "Ransom (1996)",
)  # fmt: skip
MORE = {
    97: "Hate (Haine, La) (1995)",
    4896: "Harry Potter and the Sorcerer's Stone (a.k.a. Harry Potter and the Philosopher's Stone) (2001)",
    101: "Boy (2010)", 102: "It (2017)", 103: "Ali (2001)", 104: "Her (2013)", 105: "Drive (2011)", 106: "Room (2015)",
    **{200 + at: title for at, title in enumerate(BETTER_KNOWN)},
}  # fmt: skip
# Words that match no film, and text without words.
UNMATCHED = ("zzzzqqq xxyy", "\U0001f916", "\u0644\u0627 \u0634\u064a\u0621 \u0647\u0646\u0627")

Serve = Callable[[Source], TestClient]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    clients: list[TestClient] = []

    def serve(source: Source) -> TestClient:
        home = tmp_path_factory.mktemp("home")
        build(Order(home=home, source=source), Silent())
        settings = load_settings(marquee_home=home, request_deadline_ms=LONGEST_MS)
        client = TestClient(create_app(AppServices.of(build_services(settings))))
        clients.append(client.__enter__())
        return client

    yield serve
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture(scope="module")
def client(served: Serve, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A client over the forty base films and ``MORE``; several people rated the popular ones."""
    folder = tmp_path_factory.mktemp("films")
    base = CASES / "base"
    films = "".join(f'{at},"{title}",Drama\n' for at, title in MORE.items())
    ratings = "".join(f"{900 + who},{at},4.5,{1_600_000_000 + at}\n" for who in range(5) for at in MORE if at >= 200)
    (folder / "movies.csv").write_text((base / "movies.csv").read_text() + films)
    (folder / "ratings.csv").write_text((base / "ratings.csv").read_text() + ratings)
    (folder / "links.csv").write_text((base / "links.csv").read_text())
    return served(Source(movielens=folder))


def search(client: TestClient, query: str) -> list[dict[str, Any]]:
    answer = client.get("/films", params={"q": query, "limit": 50})
    assert answer.status_code == 200
    return list(answer.json()["items"])


def recommend(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/recommend", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["item_id"] for item in items]


def test_f01_a_film_that_everybody_dislikes_is_last_and_not_called_well_liked(served: Serve) -> None:
    case = CASES / "F01" / "watch_and_dislike"
    client = served(Source(catalogue=(case / "films.jsonl",), events=case / "events.jsonl"))
    items = recommend(client, k=32, explain=True)["items"]
    titles = [item["title"] for item in items]
    assert titles[0] == "The Loved One"
    disliked = next((item for item in items if item["title"] == "The Hated One"), None)
    if disliked is not None:
        assert titles[-1] == "The Hated One"
        assert "well liked" not in disliked["explanation"]


def test_f14_a_year_and_a_genre_filter_find_films(served: Serve) -> None:
    case = CASES / "F14" / "own_comma_genres"
    client = served(Source(catalogue=(case / "films.csv",), events=case / "events.csv"))
    late = recommend(client, liked=["2"], k=3, filters={"year_from": 1990})["items"]
    crime = recommend(client, liked=["2"], k=3, filters={"genres": ["Crime"]})["items"]
    assert (len(late), len(crime)) == (3, 3)
    assert all(item["year"] >= 1990 for item in late)
    assert all("Crime" in item["genres"] for item in crime)


def test_f15_a_seen_film_is_not_recommended_under_its_other_id(served: Serve) -> None:
    client = served(Source(movielens=CASES / "F15" / "duplicate"))
    similar = client.get("/similar", params={"item_id": "2", "k": 39}).json()["items"]
    assert "Heat" not in [item["title"] for item in similar]
    for item_id, event in (("2", "watch"), ("23", "like")):
        response = client.post("/feedback", json={"user_id": "ann", "item_id": item_id, "event": event})
        assert response.status_code == 202
    items = recommend(client, user_id="ann", k=40)["items"]
    assert "Heat" not in [item["title"] for item in items]
    assert client.get("/films/41").json()["item_id"] == "2"


@pytest.mark.parametrize("title", SHORT_TITLES)
def test_f16_an_exact_title_comes_first(client: TestClient, title: str) -> None:
    items = search(client, title)
    assert items[0]["title"] == title
    assert search(client, title.lower())[0]["title"] == title


@pytest.mark.parametrize(
    ("typed", "item_id"),
    [
        ("Se7en", "3"), ("Heat (1995)", "2"), ("La Haine", "97"), ("Harry Potter and the Philosopher's Stone", "4896"),
        ("heat 1995", "2"), ("haine, la", "97"), ("Hate (1995)", "97"), ("Shichinin no samurai", "34"),
    ],
)  # fmt: skip
def test_f17_other_titles_and_titles_with_a_year_are_found(client: TestClient, typed: str, item_id: str) -> None:
    assert search(client, typed)[0]["item_id"] == item_id


def test_f17_a_film_is_found_by_its_displayed_title_and_year(client: TestClient) -> None:
    for film in (client.get(f"/films/{item_id}").json() for item_id in ("2", "3", "17", "34", "97")):
        assert search(client, f"{film['title']} ({film['year']})")[0]["item_id"] == film["item_id"]


@pytest.mark.parametrize("language", ["French", "fr-FR", "fra", ""])
def test_f19_the_error_of_an_invalid_language_shows_an_example(client: TestClient, language: str) -> None:
    answer = client.post("/recommend", json={"filters": {"languages": [language]}})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/filters/languages/0"
    assert "ISO 639-1 code of two letters, such as fr" in error["detail"]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/films/2", "/films?q=heat", "/similar?item_id=2"])
def test_f20_readable_paths_answer_head(client: TestClient, path: str) -> None:
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")


def test_f22_films_with_non_numeric_ids_are_accepted(served: Serve) -> None:
    client = served(Source(movielens=CASES / "F22" / "id_tt"))
    answer = client.post("/recommend/from-films", json={"item_ids": ["tt0113277"], "top_n": 2})
    assert answer.status_code == 200
    assert len(answer.json()["recommendations"]) == 2
    assert answer.json()["ignored_ids"] == []


def test_f23_a_catalogue_of_one_film_gives_no_warning(served: Serve) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = served(Source(catalogue=(CASES / "F23" / "own_watch" / "one.jsonl",)))
        assert recommend(client, liked=["1"])["items"] == []
        assert ids(recommend(client)["items"]) == ["1"]
        assert client.get("/similar", params={"item_id": "1"}).json()["items"] == []


@pytest.mark.parametrize("query", UNMATCHED)
def test_f24_a_query_that_matches_nothing_is_reported(client: TestClient, query: str) -> None:
    answer = recommend(client, query=query, k=3)
    assert answer["matched"] == 0
    assert answer["items"]
    for item in answer["items"]:
        assert item["match"] is False
        assert any("nothing matched" in reason for reason in item["reason"])


class TestF28:
    """Clients that use the ids of TMDB and IMDb."""

    @pytest.mark.parametrize("film", [{"tmdb_id": 949}, {"imdb_id": "tt0113277"}, {"item_id": "tmdb:949"}])
    def test_feedback(self, client: TestClient, film: dict[str, Any]) -> None:
        user = f"by {next(iter(film))}"
        assert client.post("/feedback", json={"user_id": user, **film, "event": "like"}).status_code == 202
        events = client.get(f"/users/{user}/export").json()["events"]
        assert [event["item_id"] for event in events] == ["2"]

    @pytest.mark.parametrize("query", ["tt0113277", "tmdb:949"])
    def test_look_ups(self, client: TestClient, query: str) -> None:
        assert ids(search(client, query)) == ["2"]
        film = client.get(f"/films/{query}").json()
        assert (film["item_id"], film["tmdb_id"], film["imdb_id"]) == ("2", 949, "tt0113277")

    def test_films_like_it_and_exclusions(self, client: TestClient) -> None:
        by_id = client.get("/similar", params={"item_id": "2"}).json()["items"]
        for params in ({"tmdb_id": 949}, {"imdb_id": "tt0113277"}):
            assert client.get("/similar", params=params).json()["items"] == by_id
        items = recommend(client, k=40, exclude_item_ids=["tmdb:949", "tt0114709"])["items"]
        assert not {"1", "2"} & set(ids(items))
