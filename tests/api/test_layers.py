"""The middleware around every answer: ids, headers, the access log, CORS, limits of the thread queue."""

import asyncio
import hashlib
import json
import logging
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from services.api.app import edge
from services.api.app.context import context_of
from services.api.app.edge import Edge, ThreadQueue
from services.api.app.middleware import SLASH, BodyLimit, Observer, RequestLine, frames_of
from services.api.app.services import AppServices
from services.recommender.cache import Answer
from services.recommender.errors import Overloaded
from tests.api.fakes import FakeRecommender, fake_app, fake_client
from tests.patience import PATIENCE_S, wait_for


@pytest.mark.parametrize("sent", ["abc", "a.b_c:d-1", "x" * 128])
def test_a_valid_request_id_is_kept(sent: str) -> None:
    assert fake_client().get("/health/live", headers={"X-Request-Id": sent}).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "a<script>", "é"])
def test_an_unsafe_request_id_is_replaced(sent: str) -> None:
    response = fake_client().get("/health/live", headers={"X-Request-Id": sent.encode("latin-1")})
    assert len(response.headers["x-request-id"]) == 32


def test_every_request_has_a_unique_id() -> None:
    client = fake_client()
    assert len({client.get("/health/live").headers["x-request-id"] for _ in range(5)}) == 5


@pytest.mark.parametrize("path", ["/health/live", "/nope", "/films/6", "/films/nope", "/recommend", "/version"])
def test_security_headers_are_everywhere(path: str) -> None:
    headers = fake_client().get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "total;dur=" in headers["server-timing"]
    assert headers["cache-control"]


def test_an_unexpected_error_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    client = fake_client(FakeRecommender(fails=RuntimeError("a secret")))
    response = client.post("/recommend", headers={"X-Request-Id": "r-1"})
    assert (response.status_code, response.json()["request_id"]) == (500, "r-1")
    assert response.headers["content-type"] == "application/problem+json"
    assert "a secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    (record,) = [record for record in caplog.records if record.name == "marquee.api"]
    message = record.getMessage()
    assert message.startswith("unexpected RuntimeError in request r-1\n")
    assert "fakes.py" in message, "the traceback is logged"
    assert "a secret" not in message, "the message may contain personal data"


def test_the_causes_of_an_error_are_logged_by_their_type() -> None:
    try:
        try:
            raise KeyError("ann")
        except KeyError as cause:
            raise ValueError("of ann") from cause
    except ValueError as error:
        frames = frames_of(error)
    assert "KeyError, and then" in frames
    assert frames.count("test_layers.py") == 2
    assert '"of ann"' in frames.replace("'", '"'), "the source line is shown, the message is not"


def access_line(caplog: pytest.LogCaptureFixture, method: str, path: str, **options: Any) -> dict[str, Any]:
    """The line of the access log for a request."""
    with caplog.at_level(logging.INFO, "marquee.access"):
        fake_client(FakeRecommender(people={"u1"})).request(method, path, **options)
    (record,) = [record for record in caplog.records if record.name == "marquee.access"]
    line: dict[str, Any] = json.loads(record.getMessage())
    return line


def test_the_access_log_is_json_and_hides_the_person(caplog: pytest.LogCaptureFixture) -> None:
    line = access_line(caplog, "POST", "/recommend", json={"user_id": "alice"})
    assert (line["method"], line["route"], line["status"], line["strategy"]) == ("POST", "/recommend", 200, "popular")
    assert re.fullmatch("[0-9a-f]{12}", line["user"])
    assert line["user"] != hashlib.sha256(b"alice").hexdigest()[:12], "a plain hash could be guessed"
    assert line["degraded"] == ["search: down"]
    assert "alice" not in json.dumps(line)


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/users/u1/export", "/users/{user_id}/export", 200),
        ("DELETE", "/users/u1", "/users/{user_id}", 204),
        ("GET", "/user/u1", "-", 404),
    ],
)
def test_the_log_has_the_route_instead_of_the_path(
    caplog: pytest.LogCaptureFixture, method: str, path: str, route: str, status: int
) -> None:
    line = access_line(caplog, method, path)
    assert (line["route"], line["status"]) == (route, status)
    assert "u1" not in json.dumps({name: value for name, value in line.items() if name != "request_id"})


def test_cors_is_off_by_default() -> None:
    response = fake_client().get("/health/live", headers={"Origin": "https://films.example"})
    assert "access-control-allow-origin" not in response.headers


def test_cors_allows_configured_origins_only() -> None:
    client = fake_client(cors_origins=("https://films.example",))
    preflight = {
        "Origin": "https://films.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-api-key,idempotency-key",
    }
    response = client.options("/recommend", headers=preflight)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "https://films.example"
    refused = client.get("/health/live", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in refused.headers
    allowed = client.get("/nope", headers={"Origin": "https://films.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://films.example"
    assert "Server-Timing" in allowed.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"Origin": "https://elsewhere.example"}, "origin"),
        ({"Access-Control-Request-Method": "PATCH"}, "method"),
        ({"Access-Control-Request-Headers": "x-secret"}, "headers"),
    ],
)
def test_a_refused_preflight_is_a_problem(change: dict[str, str], part: str) -> None:
    client = fake_client(cors_origins=("https://films.example",))
    preflight = {"Origin": "https://films.example", "Access-Control-Request-Method": "POST", "X-Request-Id": "p-1"}
    response = client.options("/recommend", headers={**preflight, **change})
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    problem = response.json()
    assert problem["detail"].startswith(f"Disallowed CORS {part};")
    assert (problem["type"], problem["instance"], problem["status"]) == ("/problems/cors-refused", "/recommend", 400)
    assert problem["request_id"] == response.headers["x-request-id"] == "p-1"
    assert ("access-control-allow-origin" in response.headers) == (part != "origin")
    assert "Origin" in response.headers["vary"]


def scope(**changes: Any) -> Scope:
    """A bare HTTP scope."""
    return {"type": "http", "method": "POST", "path": "/x", "headers": [], **changes}


async def received_by(app: Any, scope: Scope, *bodies: bytes) -> list[Message]:
    """The messages that an ASGI application sends for a body in parts."""
    sent: list[Message] = []
    parts = [{"type": "http.request", "body": body, "more_body": True} for body in bodies]

    async def receive() -> Message:
        return parts.pop(0) if parts else {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


@pytest.mark.anyio
async def test_a_body_that_declares_too_many_bytes_is_not_read() -> None:
    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("the application was reached")

    (start, _) = await received_by(BodyLimit(never, 10), scope(headers=[(b"content-length", b"11")]))
    assert (start["status"], (b"connection", b"close") in start["headers"]) == (413, True)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/films/a%2Fb", f"/films/a{SLASH}b"),
        (b"/films/a%2fb%20c", f"/films/a{SLASH}b c"),
        (b"/films/a%252Fb", "as decoded"),
        (b"/films/a", "as decoded"),
        (None, "as decoded"),
    ],
)
async def test_only_an_encoded_slash_is_preserved(raw: bytes | None, path: str) -> None:
    paths = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["path"])

    await received_by(RequestLine(inner), scope(path="as decoded", raw_path=raw))
    assert paths == [path]


@pytest.mark.anyio
async def test_an_error_after_the_answer_began_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("too late")

    with pytest.raises(RuntimeError, match="too late"):
        await received_by(Observer(half), scope())


@pytest.mark.anyio
async def test_a_disconnected_client_is_not_an_error(caplog: pytest.LogCaptureFixture) -> None:
    async def gone(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    with caplog.at_level(logging.INFO):
        assert await received_by(Observer(gone), scope()) == []
    assert [json.loads(record.getMessage())["status"] for record in caplog.records] == [499]


@pytest.mark.anyio
async def test_a_scope_that_is_not_http_passes_through() -> None:
    request_ids = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        request_ids.append(context_of(scope).request_id)

    for layer in (Observer(inner), BodyLimit(inner, 1)):
        await received_by(layer, {"type": "websocket"})
    assert request_ids == ["-", "-"]


@pytest.mark.anyio
async def test_a_full_queue_is_overloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "MAX_WAITING", 1)
    queue, gate = ThreadQueue("answers", 1), threading.Event()
    waiting = [asyncio.create_task(queue.run(gate.wait, PATIENCE_S)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="waiting for answers"):
        await queue.run(int)
    gate.set()
    assert await asyncio.gather(*waiting) == [True, True]
    assert await queue.run(int) == 0
    queue.close()


@pytest.mark.anyio
async def test_a_cancelled_caller_still_holds_its_thread() -> None:
    queue, began, gate = ThreadQueue("the store", 1), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        gate.wait(PATIENCE_S)

    task = asyncio.create_task(queue.run(work))
    await asyncio.sleep(0)
    wait_for(began.is_set, "the thread to begin")
    task.cancel()
    await asyncio.sleep(0)
    assert queue._busy == 1
    gate.set()
    queue.close()
    await asyncio.sleep(0)
    assert queue._busy == 0


@pytest.mark.anyio
async def test_a_slow_write_does_not_block_the_loop() -> None:
    own, gate = Edge(AppServices(recommender=FakeRecommender())), threading.Event()
    slow = asyncio.create_task(own.blocking(gate.wait, PATIENCE_S))
    assert await own.compute(threading.get_ident) == threading.get_ident()
    gate.set()
    assert await slow
    own.close()


@pytest.mark.parametrize("inline", [True, False])
def test_recommendations_run_inline_or_in_a_thread_as_configured(inline: bool) -> None:
    threads: list[str] = []

    class RecordingRecommender(FakeRecommender):
        def recommend(self, request: Any, deadline: Any = None) -> Answer:
            threads.append(threading.current_thread().name)
            return super().recommend(request, deadline)

        def feedback(self, commands: Any, deadline: Any = None) -> Any:
            threads.append(threading.current_thread().name)
            return super().feedback(commands, deadline)

    with fake_client(RecordingRecommender(), inline=inline) as client:
        client.post("/recommend")
        client.post("/feedback", json={"user_id": "u", "item_id": "6", "event": "like"})
    assert ["ThreadPool" in name for name in threads] == [not inline, True]


def test_shutdown_closes_the_services() -> None:
    closed = []
    with fake_client(close=lambda: closed.append(True)) as client:
        client.delete("/users/nobody")
    assert closed == [True]


def test_the_page_is_served_under_its_policy(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>Marquee</title>")
    (tmp_path / "app.js").write_text("export {}")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / ".hidden").write_text("no")
    client = fake_client(web_dir=tmp_path)
    page = client.get("/")
    assert (page.text, page.headers["content-type"]) == ("<title>Marquee</title>", "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert client.get("/app.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/icon.svg").headers["content-type"].startswith("image/svg+xml")
    assert client.get("/.hidden").status_code == 404
    again = client.get("/app.js", headers={"If-None-Match": client.get("/app.js").headers["etag"]})
    assert again.status_code == 304


def test_a_missing_page_is_a_404() -> None:
    assert fake_client(web_dir=Path("nowhere")).get("/").status_code == 404


def test_docs_can_be_disabled() -> None:
    assert "swagger-ui" in fake_client().get("/docs").text
    client = fake_client(docs=False)
    assert [client.get(path).status_code for path in ("/docs", "/docs/start.js", "/openapi.json")] == [404, 404, 404]


def test_the_app_can_be_created_twice() -> None:
    assert fake_app() is not fake_app()
