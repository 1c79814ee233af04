"""Invalid requests: the answer is a problem document that names the field, and the server keeps serving."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.fakes import fake_client

JSON = {"content-type": "application/json"}
client = fake_client()


def refused(response: Any, status: int, pointer: str | None = None) -> dict[str, Any]:
    """The problem document of a refused request; checks that the server still answers."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert {"type", "title", "detail", "instance", "request_id"} <= problem.keys()
    assert problem["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    if pointer is not None:
        assert pointer in [fault["pointer"] for fault in problem["errors"]]
    assert client.get("/health/live").status_code == 200
    return problem


@pytest.mark.parametrize(
    ("body", "pointer", "message"),
    [
        ({"k": 0}, "/k", "k must be between 1 and 100; got 0"),
        ({"k": 101}, "/k", "k must be between 1 and 100; got 101"),
        ({"k": "ten"}, "/k", 'k must be a whole number; got "ten"'),
        ({"k": "10"}, "/k", "k must be a whole number"),
        ({"k": 1e9}, "/k", "k must be"),
        ({"k": 10.0}, "/k", "k must be a whole number"),
        ({"k": True}, "/k", "k must be a whole number"),
        ({"k": None}, "/k", "k must be a whole number; got null"),
        ({"k": 10**30}, "/k", "k must be between 1 and 100"),
        ({"k": [1]}, "/k", "got a list"),
        ({"diversity": 1.01}, "/diversity", "diversity must be between 0 and 1; got 1.01"),
        ({"diversity": "0.2"}, "/diversity", "diversity must be a number"),
        ({"explain": "yes"}, "/explain", "explain must be true or false"),
        ({"explain": 1}, "/explain", "explain must be true or false"),
        ({"user_id": ""}, "/user_id", "user_id must have at least 1"),
        ({"user_id": "x" * 10_000}, "/user_id", "user_id must have at most 256 characters; got 10000"),
        ({"user_id": "a\x00b"}, "/user_id", "control characters"),
        ({"user_id": "a\nb"}, "/user_id", "control characters"),
        ({"user_id": "a\x85b"}, "/user_id", "control characters"),
        ({"user_id": 7}, "/user_id", "user_id must be a string; got 7"),
        ({"liked": "6"}, "/liked", "liked must be a list"),
        ({"liked": ["6", 7]}, "/liked/1", "liked[1] must be a string"),
        ({"liked": ["6", "\x1b"]}, "/liked/1", "control characters"),
        ({"liked": ["6"] * 501}, "/liked", "liked must hold at most 500 entries; got 501"),
        ({"only_item_ids": ["6"] * 10_001}, "/only_item_ids", "at most 10000 entries; got 10001"),
        ({"exclude_item_ids": ["6"] * 1_001}, "/exclude_item_ids", "at most 1000 entries"),
        ({"tmdb_ids": ["949"]}, "/tmdb_ids/0", "tmdb_ids[0] must be a whole number"),
        ({"tmdb_ids": [0]}, "/tmdb_ids/0", "must be"),
        ({"query": "x" * 501}, "/query", "query must have at most 500 characters"),
        ({"query": "a\x07b"}, "/query", "query must not contain control characters"),
        ({"understand": 1}, "/understand", "understand must be true or false"),
        ({"ignore_conditions": "year:1999"}, "/ignore_conditions", "ignore_conditions must be a list"),
        ({"ignore_conditions": ["x"] * 61}, "/ignore_conditions", "at most 60 entries"),
        ({"ignore_conditions": [""]}, "/ignore_conditions/0", "at least 1"),
        ({"filters": []}, "/filters", "filters must be a JSON object"),
        ({"filters": {"genres": ["Foo"]}}, "/filters/genres/0", "Science Fiction, Thriller"),
        ({"filters": {"not_genres": ["Foo"]}}, "/filters/not_genres/0", "must be one of Action"),
        ({"filters": {"year_from": 1869}}, "/filters/year_from", "between 1870 and 2100; got 1869"),
        ({"filters": {"year_to": 2101}}, "/filters/year_to", "between 1870 and 2100"),
        ({"filters": {"year_from": 2000, "year_to": 1990}}, "/filters/year_to", "not be before year_from (2000)"),
        ({"filters": {"languages": ["eng"]}}, "/filters/languages/0", "filters.languages[0]"),
        ({"filters": {"languages": ["French"]}}, "/filters/languages/0", "ISO 639-1 code of two letters, such as fr"),
        ({"filters": {"languages": ["fr-FR"]}}, "/filters/languages/0", "such as fr"),
        ({"filters": {"languages": ["en"] * 21}}, "/filters/languages", "at most 20 entries"),
        ({"familiarity": 1.5}, "/familiarity", "familiarity must be between 0 and 1; got 1.5"),
        ({"filters": {"runtime_to": 0}}, "/filters/runtime_to", "between 1 and 6000"),
        ({"filters": {"min_votes": -1}}, "/filters/min_votes", "min_votes must be between 0"),
        ({"filters": {"stars": 5}}, "/filters/stars", "filters.stars is not a known field"),
        ({"usr_id": "u"}, "/usr_id", "usr_id is not a known field"),
        ({"a/b~c": 1}, "/a~1b~0c", "is not a known field"),
        ({"cursor": ""}, "/cursor", "cursor must have at least 1"),
        ({"cursor": "x" * 8_193}, "/cursor", "at most 8192"),
        ([], "", "the body must be a JSON object; got a list"),
        ("text", "", "the body must be a JSON object"),
    ],
)
def test_a_wrong_field_is_named(body: Any, pointer: str, message: str) -> None:
    problem = refused(client.post("/recommend", json=body), 422, pointer)
    fault = next(fault for fault in problem["errors"] if fault["pointer"] == pointer)
    assert message in fault["detail"]
    assert fault["location"] == "body"
    assert len(fault["detail"]) < 500


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1"])
@pytest.mark.parametrize("name", ["k", "diversity"])
def test_invalid_numbers_are_refused(name: str, number: str) -> None:
    refused(client.post("/recommend", content=f'{{"{name}": {number}}}', headers=JSON), 422, f"/{name}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not valid JSON"),
        (b'{"k": 5', "not valid JSON"),
        (b"{'k': 5}", "not valid JSON"),
        (b"k=5", "not valid JSON"),
        (b'{"k": 5} {}', "not valid JSON"),
        (b"\xff\xfe", "not valid UTF-8 at byte 0"),
        (b'{"user_id": "\xc3\x28"}', "not valid UTF-8 at byte 13"),
        (b'{"user_id": "a\x00b"}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"user_id": "\\ud800', "not valid JSON"),
        (b'{"k": ' + b"9" * 5_000 + b"}", ""),
    ],
)
def test_a_malformed_body_is_a_400(content: bytes, message: str) -> None:
    response = client.post("/recommend", content=content, headers=JSON)
    status = 400 if message else response.status_code
    assert status in (400, 422)
    assert message in refused(response, status)["detail"]


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (b'{"user_id": "\\ud800"}', "/user_id"),
        (b'{"user_id": "a\\udc00b"}', "/user_id"),
        (b'{"liked": ["6", "\\ud800x"]}', "/liked/1"),
        (b'{"\\ud800": 1}', "/(a name)"),
    ],
)
def test_a_lone_surrogate_is_a_wrong_field(content: bytes, pointer: str) -> None:
    problem = refused(client.post("/recommend", content=content, headers=JSON), 422, pointer)
    assert "Unicode" in problem["detail"]


def test_an_escaped_pair_of_surrogates_is_a_character() -> None:
    response = client.post("/recommend", content=b'{"user_id": "\\ud83c\\udfac"}', headers=JSON)
    assert response.json()["user_id"] == "\U0001f3ac"


@pytest.mark.parametrize("path", ["/recommend", "/recommend/from-films", "/feedback", "/feedback/batch"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_other_media_types_are_refused(path: str, content_type: str) -> None:
    response = client.post(path, content=b"{}", headers={"content-type": content_type})
    assert "Content-Type: application/json" in refused(response, 415)["detail"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"])
def test_every_json_media_type_is_accepted(content_type: str) -> None:
    response = client.post("/recommend", content=b'{"k": 1}', headers={"content-type": content_type})
    assert response.status_code == 200


def test_a_body_of_three_megabytes_is_refused_by_its_length() -> None:
    response = client.post("/recommend", json={"query": "x" * 3_000_000})
    assert "2097152 bytes" in refused(response, 413)["detail"]


def test_a_streamed_body_is_refused_at_the_limit() -> None:
    sent = []

    def stream() -> Any:
        for _ in range(64):
            sent.append(1)
            yield b" " * 65_536

    refused(client.post("/recommend", content=stream(), headers=JSON), 413)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/recommend", "POST"),
        ("PUT", "/feedback", "POST"),
        ("POST", "/similar", "GET, HEAD"),
        ("DELETE", "/films/6", "GET, HEAD"),
        ("GET", "/users/u1", "DELETE"),
        ("POST", "/version", "GET, HEAD"),
        ("DELETE", "/users/u1/export", "GET, HEAD"),
        ("PATCH", "/health/live", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_answered_with_the_allowed_ones(method: str, path: str, allow: str) -> None:
    response = client.request(method, path)
    refused(response, 405)
    assert response.headers["allow"] == allow


@pytest.mark.parametrize("path", ["/nope", "/recommend/", "/films/a/b", "/users", "/users/", "/../etc/passwd", "/%00"])
def test_a_wrong_path_is_a_404(path: str) -> None:
    refused(client.get(path), 404)


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/similar?item_id=6&k=ten", "/k"),
        ("/similar?item_id=6&k=0", "/k"),
        ("/similar?item_id=6&k=101", "/k"),
        ("/similar?item_id=6&kk=1", "/kk"),
        ("/similar", "/item_id"),
        ("/similar?item_id=6&tmdb_id=949", "/item_id"),
        ("/similar?tmdb_id=1e9", "/tmdb_id"),
        ("/similar?item_id=" + "x" * 300, "/item_id"),
        ("/similar?item_id=a%00", "/item_id"),
        ("/films", "/q"),
        ("/films?q=%20", "/q"),
        ("/films?q=a&limit=51", "/limit"),
        ("/health/ready?deep=maybe", "/deep"),
        ("/films/" + "x" * 257, "/item_id"),
        ("/films/a%0Ab", "/item_id"),
        ("/users/%01/export", "/user_id"),
    ],
)
def test_a_wrong_parameter_is_named(path: str, pointer: str) -> None:
    refused(client.get(path), 422, pointer)


def test_the_number_of_listed_faults_is_limited() -> None:
    problem = refused(client.post("/recommend", json={f"f{n}": n for n in range(100)}), 422)
    assert len(problem["errors"]) == 21
    assert problem["errors"][-1]["detail"] == "and 80 more"


def test_a_long_name_is_truncated_in_the_answer() -> None:
    response = client.post("/recommend", json={"x" * 100_000: 1})
    refused(response, 422)
    assert len(response.content) < 2_000


@pytest.mark.parametrize("user_id", ["c#d", "é ü", "電影", "🎬", "a/b", "x" * 256, " ", "%00", "'; DROP TABLE users"])
def test_unusual_ids_are_accepted(user_id: str) -> None:
    response = client.post("/recommend", json={"user_id": user_id})
    assert response.json()["user_id"] == user_id


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
FIELDS = (
    "user_id", "k", "explain", "liked", "disliked", "tmdb_ids", "query", "filters", "only_item_ids", "exclude_item_ids",
    "understand", "ignore_conditions",
    "include_seen", "diversity", "familiarity", "cursor", "item_id", "item_ids", "event", "value", "ts",
    "recommendation_id", "events", "top_n",
)  # fmt: skip
bodies = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), values, max_size=6)
paths = st.sampled_from(["/recommend", "/recommend/from-films", "/feedback", "/feedback/batch"])


@settings(max_examples=150)
@given(paths, bodies)
def test_no_json_ever_breaks_the_server(path: str, body: dict[str, Any]) -> None:
    _answers(client, path, json.dumps(body).encode())


@settings(max_examples=100)
@given(paths, st.binary(max_size=200))
def test_no_bytes_ever_break_the_server(path: str, body: bytes) -> None:
    _answers(client, path, body)


@settings(max_examples=100)
@given(
    st.sampled_from(["like", "dislike", "rating", "watch", "click", "clear"]),
    scalars,
    scalars | st.datetimes().map(str),
)
def test_no_event_ever_breaks_the_server(event: str, value: Any, ts: Any) -> None:
    body = {"user_id": "u", "item_id": "6", "event": event, "value": value, "ts": ts}
    _answers(client, "/feedback", json.dumps(body).encode())


def _answers(client: TestClient, path: str, content: bytes) -> None:
    response = client.post(path, content=content, headers=JSON)
    assert response.status_code < 500
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["detail"]
