"""The proxy's front: an HTTP/1.1 server on loopback, one thread per connection, that can be closed at any time."""

import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import cast

# Headers of a single connection (RFC 9110, section 7.6.1), and the length, which is computed again.
OWN_HEADERS = {"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "content-length"}


@dataclass(frozen=True)
class Request:
    """A complete request. ``headers``: without those of the connection."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """A complete answer."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)


class HttpServer(socketserver.ThreadingTCPServer):
    """Serves in the background from its creation; ``port`` 0 takes a free one.

    ``handle`` is called in the connection's thread; None closes the connection without an answer.
    """

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, handle: Callable[[Request], Answer | None], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Connection)
        self.handle = handle
        self.port = int(self.server_address[1])
        self._open: set[socket.socket] = set()
        self._loop = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._loop.start()

    def close(self) -> None:
        """Close the port and every connection, and wait for their threads."""
        self.shutdown()
        self._loop.join()
        for connection in list(self._open):
            with suppress(OSError):  # closed by the other side
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, object]:
        """Record the connection, so that it can be closed."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget the connection."""
        self._open.discard(cast("socket.socket", request))
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Connection(BaseHTTPRequestHandler):
    """One client, request after request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # a response is sent in one piece
    server: HttpServer

    def do(self) -> None:
        """Read a whole request and write the whole answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN_HEADERS}
        answer = self.server.handle(Request(self.command, self.path, headers, body))
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do

    def log_message(self, *_: object) -> None:
        """Log nothing."""
