"""Wall-clock deadline and size limit for each response of a store, from connecting to the last byte.

HTTP clients restart their timeouts with every byte, and do not limit what they read into memory. This module gives
both limits to urllib3, which botocore and opensearch-py use, through the pool's ``ConnectionCls``, and to
``http.client`` through the connection's ``response_class``. Outside :func:`within` both are unchanged. DNS resolution
is up to the operating system and not bounded.
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

# The largest real response is a DynamoDB page of a megabyte, somewhat larger as JSON.
LARGEST_ANSWER = 8 << 20
_SHORTEST_S = 0.001
_thread = threading.local()


class AnswerRefused(Exception):
    """The response is too large, or compressed without being requested."""


@dataclass(slots=True)
class Bound:
    """``until``: monotonic seconds; ``room``: bytes that may still arrive."""

    until: float
    room: int

    def left(self) -> float:
        """Return the seconds left. Raises TimeoutError if there are none."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the response timed out")
        return max(left, _SHORTEST_S)

    def count(self, size: int) -> None:
        """Count received bytes. Raises AnswerRefused."""
        self.room -= size
        if self.room < 0:
            raise AnswerRefused("the response is too large")


@contextmanager
def within(seconds: float, largest: int = LARGEST_ANSWER) -> Iterator[None]:
    """Limit this thread's store calls in the block to this many seconds and response bytes in total."""
    before = _bound()
    _thread.bound = Bound(time.monotonic() + seconds, largest)
    try:
        yield
    finally:
        _thread.bound = before


def _bound() -> Bound | None:
    return cast("Bound | None", getattr(_thread, "bound", None))


class _Reader(io.RawIOBase):
    """Reads from a socket within a bound."""

    def __init__(self, sock: socket.socket, bound: Bound) -> None:
        self._sock = sock
        self._bound = bound
        # Keeps the socket open until this file is closed.
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
    """Reads status, headers and body within the thread's bound."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as the base takes it
        super().__init__(sock, *args, **kwargs)
        self._limit = _bound()
        if self._limit is not None:
            unbounded, self.fp = self.fp, io.BufferedReader(_Reader(sock, self._limit))
            unbounded.close()

    def begin(self) -> None:
        """Read the head; reject a body by its declared size and encoding before allocating memory."""
        super().begin()
        if self._limit is None:
            return
        if self.length is not None and self.length > self._limit.room:
            raise AnswerRefused(f"the response is too large: {self.length} bytes")
        if self.headers.get("content-encoding", "identity") not in ("identity", "aws-chunked"):
            raise AnswerRefused("the response is compressed, which was not requested")


def bounded_class(connection: type[Any]) -> type[Any]:
    """Return a urllib3 connection class that keeps to the thread's bound."""

    class Bounded(connection):  # type: ignore[misc]
        response_class = BoundedResponse

        def connect(self) -> None:
            bound = _bound()
            if bound is not None:
                left = bound.left()
                timeout = cast("object", self.timeout)
                self.timeout: float = min(left, timeout) if isinstance(timeout, int | float) else left
            super().connect()

    return Bounded
