"""A minimal keep-alive HTTP/1.1 client: its own cost is negligible, so timings are the server's."""

import socket
from types import TracebackType
from typing import Self

from services.recommender.errors import Unavailable

TIMEOUT_S = 60.0
_CHUNK = 1 << 16
_LARGEST_HEAD = 1 << 16
_LENGTH = b"\r\ncontent-length:"


class HttpConnection:
    """One socket to a local server. Responses must have a Content-Length, as the service's do."""

    def __init__(self, host: str, port: int) -> None:
        try:
            self._socket = socket.create_connection((host, port), TIMEOUT_S)
        except OSError as error:
            raise Unavailable(f"{host}:{port} does not answer ({error}); is the server still up?") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    @property
    def port(self) -> int:
        """Return the local port."""
        return int(self._socket.getsockname()[1])

    def ask(self, raw: bytes) -> tuple[int, bytes]:
        """Send a request and return status and body of the whole response. Raises Unavailable."""
        try:
            self._socket.sendall(raw)
            head = self._head()
            length = _content_length(head)
            while len(self._rest) < length:
                self._receive()
        except OSError as error:
            raise Unavailable(f"the connection broke or the server took over {TIMEOUT_S:.0f} s: {error}") from error
        body, self._rest = self._rest[:length], self._rest[length:]
        return int(head[9:12]), body

    def _head(self) -> bytes:
        while (end := self._rest.find(b"\r\n\r\n")) < 0:
            if len(self._rest) > _LARGEST_HEAD:
                raise Unavailable("the end of the response headers is missing; is it HTTP?")
            self._receive()
        head, self._rest = self._rest[: end + 2], self._rest[end + 4 :]
        return head

    def _receive(self) -> None:
        received = self._socket.recv(_CHUNK)
        if not received:
            raise Unavailable("the server closed the connection in the middle of a response")
        self._rest += received


def _content_length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    if at < 0:
        raise Unavailable("the response has no Content-Length")
    return int(head[at + len(_LENGTH) : head.index(b"\r\n", at + 2)])
