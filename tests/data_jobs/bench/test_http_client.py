import socket
import threading
from contextlib import contextmanager

import pytest

from data_jobs.bench.http_client import HttpConnection
from data_jobs.bench.mix import get, post
from services.recommender.errors import Unavailable
from tests.data_jobs.bench.kit import ScriptedServer
from tests.patience import wait_for


@contextmanager
def bytes_server(*chunks):
    """Send these bytes, piece by piece, to the first client; then hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            peer, _ = listener.accept()
            with peer:
                peer.recv(65_536)
                for chunk in chunks:
                    peer.sendall(chunk)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        wait_for(lambda: not thread.is_alive(), "the server to hang up")


def test_requests_share_one_socket():
    def answer(path, body):
        return 202 if body else 200, [path, body]

    with ScriptedServer(answer) as server, server.connect() as connection:
        assert connection.ask(get("/a")) == (200, b'["/a",null]')
        assert connection.ask(post("/b", {"x": 1})) == (202, b'["/b",{"x":1}]')
        assert connection.ask(get("/c")) == (200, b'["/c",null]')


def test_an_answer_may_come_in_pieces():
    pieces = (b"HTTP/1.1 200 OK\r\nConte", b"nt-Length: 5\r\n\r", b"\nhe", b"llo")
    with bytes_server(*pieces) as port, HttpConnection("127.0.0.1", port) as connection:
        assert connection.ask(get("/")) == (200, b"hello")


def test_excess_bytes_belong_to_the_next_answer():
    two = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabHTTP/1.1 404 No\r\ncontent-length: 1\r\n\r\nc"
    with bytes_server(two) as port, HttpConnection("127.0.0.1", port) as connection:
        assert connection.ask(get("/")) == (200, b"ab")
        assert connection.ask(get("/")) == (404, b"c")


def raises(message):
    return pytest.raises(Unavailable, match=message)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "no Content-Length"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", "closed the connection"),
        (b"", "closed the connection"),
        (b"x" * 70_000, "end of the response headers is missing"),
    ],
)
def test_a_broken_answer_is_unavailable(sent, message):
    with bytes_server(sent) as port, HttpConnection("127.0.0.1", port) as connection, raises(message):
        connection.ask(get("/"))


def test_a_refused_connection_is_unavailable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port} does not answer"):
        HttpConnection("127.0.0.1", port)
