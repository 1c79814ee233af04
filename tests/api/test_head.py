"""HEAD is GET without a body: the same status, headers, key and quota, on every readable route."""

import json
import logging
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from services.api.app.middleware import RequestLine
from services.api.app.security.api_keys import make_key
from services.recommender.ports import ApiKey
from tests.api.fakes import PEPPER, PEPPER_SECRET, CountingQuota, DictKeys, FakeRecommender, fake_app, fake_client

READABLE = (
    "/films?q=heat", "/films/6", "/catalogue", "/similar?item_id=6", "/version", "/health/live", "/health/ready",
    "/health/ready?deep=1", "/users/u1/export", "/openapi.json", "/docs", "/", "/page.css",
)  # fmt: skip
WRONG = ("/films?q=", "/films/nope", "/nope", "/users/nobody/export", "/recommend", "/users/u1", "/films/%2F")
# Headers that differ at every request.
VARYING = {"x-request-id", "server-timing"}
SERVE = {"X-API-Key": make_key("k1", PEPPER)}
ADMIN = {"X-API-Key": make_key("boss", PEPPER)}


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    for name in ("index.html", "page.css"):
        (tmp_path / name).write_text("<p>some page</p>")
    return tmp_path


@pytest.fixture
def client(pages: Path) -> TestClient:
    return fake_client(FakeRecommender(people={"u1"}), web_dir=pages)


@pytest.fixture
def guarded(pages: Path) -> TestClient:
    """A client with API keys on and a quota of three requests per key."""
    keys = {
        "k1": ApiKey("k1", "a service", limit=3),
        "boss": ApiKey("boss", "an operator", frozenset({"serve", "admin"}), limit=3),
    }
    settings = {"keys": DictKeys(keys), "key_pepper": PEPPER_SECRET, "auth_required": True, "quota": CountingQuota()}
    return fake_client(FakeRecommender(people={"u1"}), web_dir=pages, **settings)


def status_and_headers(answer: httpx2.Response) -> tuple[int, dict[str, str]]:
    return answer.status_code, {name: value for name, value in answer.headers.items() if name not in VARYING}


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("path", READABLE)
def test_readable_paths_answer_head_as_get_without_the_body(client: TestClient, path: str, encoding: str) -> None:
    accept = {"Accept-Encoding": encoding}
    get, head = client.get(path, headers=accept), client.head(path, headers=accept)
    assert get.status_code == 200
    assert status_and_headers(head) == status_and_headers(get)
    assert head.content == b""
    assert int(head.headers["content-length"]) > 0
    if encoding == "identity":
        assert int(head.headers["content-length"]) == len(get.content)
    assert head.headers.keys() >= VARYING


@pytest.mark.parametrize("path", WRONG)
def test_errors_have_no_body(client: TestClient, path: str) -> None:
    get, head = client.get(path), client.head(path, headers={"X-Request-Id": "r" * 32})
    assert get.status_code >= 400
    assert status_and_headers(head) == status_and_headers(get)
    assert head.content == b""


def test_an_unexpected_error_has_no_body(pages: Path) -> None:
    client = fake_client(FakeRecommender(fails=RuntimeError("broken")), web_dir=pages)
    head = client.head("/films/6")
    assert (head.status_code, head.content) == (500, b"")


@pytest.mark.parametrize("path", ["/films/6", "/similar?item_id=6", "/", "/page.css", "/catalogue", "/openapi.json"])
def test_a_matching_entity_tag_is_not_modified(client: TestClient, path: str) -> None:
    client.headers["Accept-Encoding"] = "identity"
    tag = client.head(path).headers["etag"]
    head = client.head(path, headers={"If-None-Match": tag})
    assert (head.status_code, head.content, head.headers["etag"]) == (304, b"", tag)
    assert status_and_headers(head) == status_and_headers(client.get(path, headers={"If-None-Match": tag}))


def test_head_needs_the_key_and_the_scope_that_get_needs(guarded: TestClient) -> None:
    assert guarded.head("/films/6").status_code == 401
    assert guarded.head("/users/u1/export", headers=SERVE).status_code == 403
    assert guarded.head("/users/u1/export", headers=ADMIN).status_code == 200
    assert guarded.head("/health/ready?deep=1").status_code == 401
    for public in ("/", "/docs", "/version", "/health/ready", "/page.css"):
        assert guarded.head(public).status_code == 200


def test_head_counts_in_the_quota(guarded: TestClient) -> None:
    assert [guarded.head("/films/6", headers=SERVE).status_code for _ in range(2)] == [200, 200]
    assert "r=0;" in guarded.get("/films/6", headers=SERVE).headers["ratelimit"]
    refused = guarded.head("/films/6", headers=SERVE)
    assert (refused.status_code, refused.content) == (429, b"")
    assert refused.headers["retry-after"]


def test_the_log_names_the_sent_method_and_the_route(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "marquee.access"):
        client.head("/films/6")
    line = json.loads(next(record.getMessage() for record in caplog.records if record.name == "marquee.access"))
    assert (line["method"], line["route"], line["status"]) == ("HEAD", "/films/{item_id}", 200)


def test_the_openapi_document_has_no_head_operations(client: TestClient) -> None:
    operations = [method for path in client.get("/openapi.json").json()["paths"].values() for method in path]
    assert set(operations) == {"get", "post", "delete"}


def test_head_is_allowed_for_cors_origins() -> None:
    client = fake_client(cors_origins=("https://films.example",))
    origin = {"Origin": "https://films.example"}
    preflight = {**origin, "Access-Control-Request-Method": "HEAD", "Access-Control-Request-Headers": "x-api-key"}
    assert client.options("/films/6", headers=preflight).status_code == 200
    get, head = client.get("/films/6", headers=origin), client.head("/films/6", headers=origin)
    assert status_and_headers(head) == status_and_headers(get)
    assert head.headers["access-control-allow-origin"] == "https://films.example"


@pytest.mark.anyio
async def test_every_part_of_a_streamed_body_is_left_out() -> None:
    sent: list[Message] = []

    async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["method"] == "GET"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await send({"type": "http.response.body", "body": b"two"})

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    request_scope: Scope = {"type": "http", "method": "HEAD", "path": "/x", "headers": []}
    await RequestLine(streaming)(request_scope, receive, send)
    assert [message.get("body", b"") for message in sent] == [b"", b"", b""]
    assert [message.get("more_body", False) for message in sent[1:]] == [True, False]
    assert request_scope["method"] == "HEAD", "the server still sees a HEAD, and so sends no body of its own"


def test_every_get_route_is_tested_here(pages: Path) -> None:
    app = fake_app(FakeRecommender(), web_dir=pages)
    templates = {path for path, operations in app.openapi()["paths"].items() if "get" in operations}
    tested = {
        path.partition("?")[0].replace("/films/6", "/films/{item_id}").replace("u1", "{user_id}") for path in READABLE
    }
    assert templates <= tested
