"""Limits that apply before authentication: headers, bodies, idle time and the number of connections."""

import asyncio
import json
import select
import socket
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from services.cli.limits import LimitedProtocol, Limits, limits_for
from tests.e2e.kit import Served
from tests.e2e.slow import HALF, answer_to, hold
from tests.patience import PATIENCE_S, wait_for

CONNECTIONS = 20
# More bytes than the system and the server buffer for a connection that is not read.
MUCH = 64 << 20


class Idle(LimitedProtocol):
    """A connection that waits for its next request."""

    def __init__(self, limits: Limits, sock: socket.socket) -> None:
        """Set up the connection without a server."""
        self.limits = limits
        self.transport = RecordingTransport(sock)
        self._head = 0
        self.cycle = None
        self.wait()


class RecordingTransport(asyncio.Transport):
    """A transport that only records whether it was aborted."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__({"socket": sock})
        self.aborted = False

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


@pytest.fixture(scope="module")
def small(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    from tests.e2e.kit import copy_home

    home = copy_home(sample_home, tmp_path_factory.mktemp("small") / "home")
    # The body timeout is too long to be reached in these tests.
    with Served(home, env={"MARQUEE_MAX_CONNECTIONS": str(CONNECTIONS), "BODY_TIMEOUT_SECS": "3600"}) as server:
        yield server


def problem(answer: bytes, status: int, slug: str) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    document = json.loads(body)
    assert (document["status"], document["type"]) == (status, f"/problems/{slug}")


def status_of(sock: socket.socket) -> int:
    """Read the next answer completely and return its status."""
    with HTTPResponse(sock) as answer:
        answer.begin()
        answer.read()
        return answer.status


@pytest.mark.parametrize(
    "sent",
    [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
     b"POST /feedback HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"],
)  # fmt: skip
def test_malformed_http_is_a_problem(small: Served, sent: bytes) -> None:
    problem(answer_to(small.url, sent), 400, "malformed-request")


@pytest.mark.parametrize("line", [b"X-Long: " + b"a" * 200_000, b"X: y\r\n" * 40_000])
def test_headers_of_more_than_64_kb_are_refused(small: Served, line: bytes) -> None:
    pieces = [HALF + b"\r\n", *(line[at : at + 1_000] for at in range(0, len(line), 1_000))]
    answer = answer_to(small.url, *pieces)
    # The refusal may be lost if the client is still sending when the connection is closed.
    if answer:
        problem(answer, 431, "headers-too-large")
    assert small.client.get("/health/live").status_code == 200


def test_idle_connections_give_way_to_active_ones(small: Served) -> None:
    # A new connection for each request: an idle one may be closed just as it is reused (RFC 9112, 9.5).
    held = hold(small.url, 5 * CONNECTIONS)
    for _ in range(3):
        assert httpx2.get(f"{small.url}/health/live", timeout=PATIENCE_S).status_code == 200
        answer = httpx2.post(f"{small.url}/recommend", json={"k": 1}, timeout=PATIENCE_S)
        assert answer.json()["items"]
    held += hold(small.url, CONNECTIONS, b"")
    assert httpx2.get(f"{small.url}/health/live", timeout=PATIENCE_S).status_code == 200
    for sock in held:
        sock.close()


LOST_BODY = (
    b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
)
CHUNKED = (
    b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
)


def test_connections_with_an_unfinished_body_give_way(small: Served) -> None:
    """More than the maximum: a request without its body is as unfinished as one without the end of its headers."""
    held = hold(small.url, 3 * CONNECTIONS, LOST_BODY)
    wait_for(lambda: httpx2.get(f"{small.url}/health/live", timeout=PATIENCE_S).status_code == 200, "an answer")
    for _ in range(5):
        answer = httpx2.post(f"{small.url}/recommend", json={"k": 1}, timeout=PATIENCE_S)
        assert answer.json()["items"]
    for sock in held:
        sock.close()


@pytest.mark.parametrize("line", [b"X-Long: " + b"a" * 500_000, b"X: y\r\n" * 80_000], ids=["long", "many"])
def test_endless_trailers_are_refused(small: Served, line: bytes) -> None:
    pieces = [CHUNKED + b"\r\n2\r\n{}\r\n0\r\n", *(line[at : at + 1_000] for at in range(0, len(line), 1_000))]
    answer = answer_to(small.url, *pieces)
    if answer:
        problem(answer, 431, "headers-too-large")


def test_trailers_are_not_treated_as_headers(small: Served) -> None:
    """A proxy in front checks and sets headers, but not trailers."""
    sent = CHUNKED + b'Connection: close\r\n\r\n8\r\n{"k": 1}\r\n0\r\nX-Request-Id: of-a-trailer\r\n\r\n'
    answer = answer_to(small.url, sent)
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:300]
    assert b"of-a-trailer" not in answer


def test_headers_after_a_request_answered_before_its_body_are_limited(small: Served) -> None:
    """A request can be refused before its body without a key."""
    parts = urlsplit(small.url)
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=PATIENCE_S) as sock:
        sock.sendall(b"POST /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n")
        assert status_of(sock) == 404
        # The body, and then a complete request: the connection is still usable.
        sock.sendall(b"xGET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert status_of(sock) == 200
        sock.sendall(b"POST /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n")
        assert status_of(sock) == 404
        sock.sendall(b"x")
        sent = 0
        with suppress(ConnectionError):
            sock.sendall(HALF)
            while sent < MUCH and not select.select([sock], [], [], 0)[0]:
                sent += sock.send(b"a" * 1_000)
        assert sent < MUCH, "headers without end were accepted"
        with suppress(ConnectionError):
            problem(sock.recv(1 << 16), 431, "headers-too-large")


def test_a_connection_with_a_request_waiting_does_not_give_way() -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    limits = Limits(connections=2)
    active, quiet, newest = (Idle(limits, server) for _, server in pairs)
    pairs[0][0].sendall(b"GET /health/live HTTP/1.1\r\n")
    limits.make_room(newest, 3)
    assert [connection.transport.is_closing() for connection in (active, quiet, newest)] == [False, True, False]
    pairs[2][0].sendall(b"G")
    limits.make_room(newest, 4)
    assert list(limits.waiting) == [newest, active]
    for pair in pairs:
        for end in pair:
            end.close()


def test_unfinished_requests_time_out(small: Served) -> None:
    late = answer_to(small.url, HALF)
    problem(late, 408, "request-timeout")
    assert answer_to(small.url, b"") == b""


def test_the_timeouts_of_headers_and_body_are_settings(home: Path) -> None:
    body = (
        b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    settings = {"HEADERS_TIMEOUT_SECS": "1", "BODY_TIMEOUT_SECS": "2"}
    with Served(home, env=settings) as server:
        problem(answer_to(server.url, HALF), 408, "request-timeout")
        problem(answer_to(server.url, body), 408, "request-timeout")


def test_a_request_in_pieces_and_a_long_body_are_served(small: Served) -> None:
    body = json.dumps({"k": 1, "exclude_item_ids": ["x" * 50] * 900}).encode()
    head = (
        b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"X-Long: " + b"a" * 50_000 + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    whole = head + body
    answer = answer_to(small.url, *(whole[at : at + 7_001] for at in range(0, len(whole), 7_001)))
    assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 422 ")), answer[:300]


def test_consecutive_requests_are_served_on_one_connection(small: Served) -> None:
    request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    closing = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = answer_to(small.url, request * 20 + closing[:30], closing[30:])
    assert answer.count(b"HTTP/1.1 200 OK") == 21


@pytest.mark.parametrize("size", [10, 8_000], ids=["small", "large"])
def test_the_number_of_pipelined_requests_is_limited(small: Served, size: int) -> None:
    """The last answer closes the connection; the dropped requests may be sent again on another one."""
    request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Pad: " + b"a" * size + b"\r\n\r\n"
    answer = answer_to(small.url, *([request * (200_000 // len(request))] * 20))
    answers = answer.split(b"HTTP/1.1 ")[1:]
    assert {text[:3] for text in answers} == {b"200"}
    # Small requests: up to the queue limit plus those answered meanwhile; large requests: fewer.
    assert 1 < len(answers) < 20 * (200_000 // len(request)) / 2
    # The last answer may be lost if the client is still sending when the connection is closed.
    assert {number for number, text in enumerate(answers, 1) if b"connection: close" in text} <= {len(answers)}
    assert small.client.get("/health/live").status_code == 200


def test_the_connection_limit_respects_the_file_limit_of_the_process() -> None:
    assert limits_for(10).connections == 10
    assert (limits_for(10, head_s=3, body_s=5).head_s, limits_for(10, head_s=3, body_s=5).body_s) == (3, 5)
    assert 1 <= limits_for(1 << 30).connections < 1 << 30
    assert isinstance(LimitedProtocol.limits, Limits)


def test_closed_connections_are_released(small: Served) -> None:
    for sock in hold(small.url, CONNECTIONS):
        sock.close()
    wait_for(lambda: httpx2.get(f"{small.url}/health/live", timeout=PATIENCE_S).status_code == 200, "an answer")
