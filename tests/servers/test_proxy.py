"""Each mode of the proxy, seen by a client that keeps its connections open, before a small server of its own."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.patience import HASTE_S, PATIENCE_S, wait_for
from tests.servers.http_server import Answer, HttpServer, Request
from tests.servers.proxy import Proxy


def echo(request: Request) -> Answer:
    """What arrived, sent back."""
    said = f"{request.method} {request.path} {request.headers.get('X-Amz-Target', '-')} ".encode() + request.body
    return Answer(418 if request.path == "/teapot" else 200, said, [("X-Echo", "yes")])


@pytest.fixture
def upstream() -> Iterator[HttpServer]:
    server = HttpServer(echo)
    yield server
    server.close()


@pytest.fixture
def proxy(upstream: HttpServer) -> Iterator[Proxy]:
    with Proxy(f"http://127.0.0.1:{upstream.port}") as made:
        yield made


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=proxy.url, timeout=PATIENCE_S) as made:
        yield made


def test_a_request_and_its_answer_pass_unchanged(client: httpx2.Client) -> None:
    answer = client.post(
        "/_msearch?q=a%20b", content=b"\x00body", headers={"X-Amz-Target": "DynamoDB_20120810.GetItem"}
    )
    assert (answer.status_code, answer.headers["x-echo"]) == (200, "yes")
    assert answer.content == b"POST /_msearch?q=a%20b DynamoDB_20120810.GetItem \x00body"
    assert client.get("/teapot").status_code == 418


def test_a_connection_serves_many_requests(proxy: Proxy, client: httpx2.Client) -> None:
    for number in range(5):
        assert client.put(f"/{number}", content=b"x" * number * 100_000).content.endswith(b"x" * number)
    head = client.head("/5")
    assert (head.status_code, head.content) == (200, b"")
    assert client.delete("/6").text == "DELETE /6 - "
    assert proxy.requests == 7


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_a_fixed_answer_takes_the_servers_place(proxy: Proxy, client: httpx2.Client, status: int) -> None:
    proxy.answer(status, b'{"error":"no"}')
    answers = [client.post("/", content=b"x" * 100_000) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status] * 3
    assert answers[0].json() == {"error": "no"}
    proxy.forward()
    assert client.get("/").status_code == 200


def test_a_fixed_answer_can_be_limited(proxy: Proxy, client: httpx2.Client) -> None:
    proxy.answer(503, times=2)
    assert [client.get("/").status_code for _ in range(4)] == [503, 503, 200, 200]
    assert proxy.requests == 4


def test_an_exact_number_of_concurrent_requests_is_refused(proxy: Proxy, client: httpx2.Client) -> None:
    proxy.answer(429, times=5)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: client.get("/").status_code, range(40)))
    assert (statuses.count(429), statuses.count(200)) == (5, 35)


def test_a_late_answer_exceeds_the_client_s_timeout(proxy: Proxy, client: httpx2.Client) -> None:
    proxy.delay()
    with pytest.raises(httpx2.ReadTimeout):
        client.get("/", timeout=HASTE_S)
    proxy.forward()
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("seconds", [HASTE_S, None])
def test_a_late_answer_arrives_after_its_delay_or_a_change_of_mode(
    proxy: Proxy, client: httpx2.Client, seconds: float | None
) -> None:
    proxy.delay(seconds)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, "/late")
        if seconds is None:
            wait_for(lambda: proxy.requests == 1, "the request")
            assert not waiting.done()
            proxy.forward()
        answer = waiting.result()
    assert answer.text == "GET /late - "
    assert answer.elapsed.total_seconds() >= (seconds or 0)


def test_a_dropped_request_gets_no_answer(proxy: Proxy, client: httpx2.Client) -> None:
    proxy.drop(times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get("/")
    assert client.get("/").status_code == 200


def test_a_black_hole_never_answers_until_the_mode_changes(proxy: Proxy, client: httpx2.Client) -> None:
    proxy.black_hole()
    with pytest.raises(httpx2.ReadTimeout):
        client.get("/", timeout=HASTE_S)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, "/")
        wait_for(lambda: proxy.requests == 2, "two requests")
        proxy.forward()
        with pytest.raises(httpx2.RemoteProtocolError):
            waiting.result()
    assert client.get("/").status_code == 200


def test_a_refusing_proxy_is_back_on_the_same_port(proxy: Proxy, client: httpx2.Client) -> None:
    before = client.get("/").status_code
    proxy.refuse()
    with pytest.raises(httpx2.ConnectError):
        client.get("/")
    proxy.refuse()
    proxy.forward()
    assert (before, client.get("/").status_code) == (200, 200)


def test_a_server_that_is_down_drops_the_connection(upstream: HttpServer, proxy: Proxy, client: httpx2.Client) -> None:
    proxy.upstream = "http://127.0.0.1:1"
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get("/")


def test_closing_leaves_no_thread(upstream: HttpServer) -> None:
    before = threading.active_count()
    proxy = Proxy(f"http://127.0.0.1:{upstream.port}")
    proxy.black_hole()
    with ThreadPoolExecutor(2) as pool, httpx2.Client(base_url=proxy.url, timeout=PATIENCE_S) as client:
        waiting = [pool.submit(client.get, "/") for _ in range(2)]
        wait_for(lambda: proxy.requests == 2, "two requests")
        proxy.close()
        assert all(isinstance(each.exception(), httpx2.HTTPError) for each in waiting)
    assert threading.active_count() == before
