"""One wall-clock deadline and one size limit for each answer of a store, from connecting to its last byte.

The timeouts of HTTP clients begin anew with every byte that comes, and nothing limits what they read into memory. Here
they become one for both: urllib3, which botocore and opensearch-py use, takes the connection's class as
``ConnectionCls`` of its pool, and ``http.client`` the response's as ``response_class`` of the connection. Outside
:func:`within` both work as ever. Looking a host's name up is the system's and not bounded by this.
"""

import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

# The longest true ones are a page of DynamoDB's, a megabyte that JSON makes some larger.
LARGEST_ANSWER = 8 << 20
_SHORTEST_S = 0.001
_thread = threading.local()


class AnswerRefused(Exception):
    """The answer is larger than any true one, or compressed although nobody asked for that."""


@dataclass(slots=True)
class Bound:
    """``until``: monotonic seconds; ``room``: bytes that may still come."""

    until: float
    room: int

    def left(self) -> float:
        """Seconds. Raises TimeoutError when there are none."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer's time is over")
        return max(left, _SHORTEST_S)

    def count(self, size: int) -> None:
        """So many bytes came. Raises AnswerRefused."""
        self.room -= size
        if self.room < 0:
            raise AnswerRefused("the answer is too large")


@contextmanager
def within(seconds: float, largest: int = LARGEST_ANSWER) -> Iterator[None]:
    """What this thread asks of a store in the block has so much time, and its answer so many bytes, all in all."""
    before = _bound()
    _thread.bound = Bound(time.monotonic() + seconds, largest)
    try:
        yield
    finally:
        _thread.bound = before


def _bound() -> Bound | None:
    return cast("Bound | None", getattr(_thread, "bound", None))


class _Reader(io.RawIOBase):
    """What a socket receives, as long as the bound allows it."""

    def __init__(self, sock: socket.socket, bound: Bound) -> None:
        self._sock = sock
        self._bound = bound
        # Holds the socket open until it is closed itself.
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - the buffer protocol
        self._sock.settimeout(self._bound.left())
        size = self._file.readinto(buffer) or 0
        self._bound.count(size)
        return size

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class BoundedResponse(http.client.HTTPResponse):
    """Reads status, headers and body within the bound of the thread."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as the base takes it
        super().__init__(sock, *args, **kwargs)
        self._limit = _bound()
        if self._limit is not None:
            unbounded, self.fp = self.fp, io.BufferedReader(_Reader(sock, self._limit))
            unbounded.close()

    def begin(self) -> None:
        """Read the head; refuse a body by what it says of itself, before there is memory for it."""
        super().begin()
        if self._limit is None:
            return
        if self.length is not None and self.length > self._limit.room:
            raise AnswerRefused(f"the answer is too large: {self.length} bytes")
        if self.headers.get("content-encoding", "identity") not in ("identity", "aws-chunked"):
            raise AnswerRefused("the answer is compressed, and nobody asked for that")


def bounded_class(connection: type[Any]) -> type[Any]:
    """A class of urllib3's connections whose connecting and answers keep to the thread's bound."""

    class Bounded(connection):  # type: ignore[misc]
        response_class = BoundedResponse

        def connect(self) -> None:
            bound = _bound()
            if bound is not None:
                left = bound.left()
                given = cast("object", self.timeout)
                self.timeout: float = min(left, given) if isinstance(given, int | float) else left
            super().connect()

    return Bounded
