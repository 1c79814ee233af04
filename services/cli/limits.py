"""Connection limits that apply before any request: number of connections, size and time of headers and bodies.

Uvicorn has none of these, and no API key is known yet. When there are too many connections, the newest one displaces
the one that has waited longest without a complete request. So idle connections displace each other, and real
requests are served.
"""

import asyncio
import json
import resource
import select
from collections.abc import Callable
from dataclasses import dataclass, field

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from services.api.app.schemas.problem import MEDIA_TYPE, Problem

_PIECE = 16 << 10
# File descriptors not used by connections: those of the bundle, the state store, remote stores.
_OWN_FILES = 200
_MOST_FILES = 16_384


@dataclass(slots=True)
class Limits:
    """Limits of one process, sizes in bytes, times in seconds.

    ``head_bytes``, ``head_s``: the headers of one request, timed from connecting or from their first byte; its trailers
    are limited in size, too. ``all_heads``: all unfinished headers together. ``body_s``: a whole body. ``stalled_s``:
    how long a client may read nothing of its response. ``connections``: how many may be open. Connections younger than
    ``grace_s`` are not displaced, so there may be more in total, up to ``most``. ``waiting``: older connections without
    a complete request, longest-waiting first. ``heads``: current bytes of unfinished headers. ``queued``: how many
    requests a connection may send ahead while an earlier one is answered, in at most ``head_bytes`` altogether.
    """

    connections: int = 1_000
    most: int = 2_000
    head_bytes: int = 64 << 10
    all_heads: int = 16 << 20
    head_s: float = 10.0
    grace_s: float = 1.0
    body_s: float = 60.0
    stalled_s: float = 30.0
    queued: int = 32
    waiting: dict["LimitedProtocol", None] = field(default_factory=dict)
    heads: int = 0

    def make_room(self, newest: "LimitedProtocol", connections: int) -> int:
        """Close the longest-waiting connections until the limits hold, except where the next request has arrived.
        Return how many connections remain.
        """
        for _ in range(len(self.waiting)):
            if connections <= self.connections and self.heads <= self.all_heads:
                break
            oldest = next(iter(self.waiting))
            if oldest is newest:
                break
            if oldest.is_answering() or oldest.has_unread_data():
                oldest.wait()
            else:
                oldest.give_way()
                connections -= 1
        return connections


def open_files() -> int:
    """Raise the file descriptor limit as far as allowed and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def limits_for(connections: int, *, head_s: float = 10.0, body_s: float = 60.0) -> Limits:
    """Return limits for this many connections, or as many as the file descriptor limit allows; see ``Limits``."""
    files = max(2, open_files() - _OWN_FILES)
    most = min(2 * connections, files)
    return Limits(connections=min(connections, max(1, most // 2)), most=most, head_s=head_s, body_s=body_s)


class LimitedProtocol(HttpToolsProtocol):
    """Uvicorn connection that closes at a limit; malformed HTTP gets a problem document."""

    limits = Limits()
    lost: Callable[[], None] | None = None
    """Called once when the connection is closed."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection and wait for its first request."""
        super().connection_made(transport)
        self._head = 0
        self._in_head = True
        self._had_body = False
        self._ahead = 0
        self._is_full = False
        self._has_requested = False
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._timer = self.loop.call_later(self.limits.grace_s, self._silent)
        # Displaced connections are still in `connections`, so that only the returned number counts.
        if self.limits.make_room(self, len(self.connections)) > self.limits.most:
            self._refuse(503, "too-many-connections", "Too many connections are open", "Try again in a second.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Release what the connection holds."""
        self._stop()
        self._count(-self._head)
        self.limits.waiting.pop(self, None)
        if self._stalled is not None:
            self._stalled.cancel()
        super().connection_lost(exc)
        if self.lost is not None:
            self.lost()

    def data_received(self, data: bytes) -> None:
        """Feed the parser in pieces, so that headers exceed their limit by one piece at most."""
        for at in range(0, len(data), _PIECE):
            if self.transport.is_closing() or self._is_full:
                return
            self._feed(data[at : at + _PIECE])

    def _feed(self, piece: bytes) -> None:
        before, in_head = self.cycle, self._in_head
        self._had_body = False
        super().data_received(piece)
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._ahead += len(piece)
        if self.cycle is not before or self._is_full:
            self._request_began()
        elif in_head:
            if self._has_room(piece) and (self._timer is None or self not in self.limits.waiting):
                self.wait()
                self._start(self.limits.head_s)
        elif self._in_head:
            self._body_ended()
        elif self._had_body:
            self._count(-self._head)
            if self in self.limits.waiting:
                self.wait()
        elif self._has_room(piece) and not self.pipeline:
            # Neither body nor its end: trailers or chunk framing.
            self.wait()

    def _has_room(self, piece: bytes) -> bool:
        """Count bytes of headers or trailers, and refuse those beyond the limit."""
        self._count(len(piece))
        if self._head > self.limits.head_bytes:
            self._refuse(431, "headers-too-large", "The headers are too large", self._largest())
            return False
        self.limits.make_room(self, len(self.connections))
        return not self.transport.is_closing()

    def _request_began(self) -> None:
        """Stop waiting once a request's headers are complete; its body may still follow."""
        self._has_requested = True
        self._stop()
        self._count(-self._head)
        self.limits.waiting.pop(self, None)
        if not self._in_head and not self._is_full:
            self._timer = self.loop.call_later(min(self.limits.grace_s, self.limits.body_s), self._slow)

    def _slow(self) -> None:
        """Count the connection as waiting: its body was not complete within the grace period."""
        if not self.pipeline:
            self.wait()
        self._start(max(0.0, self.limits.body_s - self.limits.grace_s))

    def _body_ended(self) -> None:
        """Stop waiting once a body is complete, or wait for the next request if this one was answered before."""
        self._stop()
        self._count(-self._head)
        self.limits.waiting.pop(self, None)
        if self.cycle.response_complete:
            self.wait()
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_message_begin(self) -> None:
        """Read headers."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header. Trailers are dropped: they must not pass for headers (RFC 9110, section 6.5.1)."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Read the body, or accept no more requests on this connection: those already queued are answered, and later
        ones are dropped. A request of a few bytes takes kilobytes of memory while it is queued.
        """
        self._in_head = False
        if self._is_full or len(self.pipeline) >= self.limits.queued or self._ahead > self.limits.head_bytes:
            self._is_full = True
            self.cycle.keep_alive = False
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Record that part of the body has arrived."""
        self._had_body = True
        if not self._is_full:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Read the next headers, even if the request was answered before its body arrived."""
        self._in_head = True
        if not self._is_full:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if not self.pipeline:
            self._ahead = 0
        if self.cycle.response_complete:
            self.wait()

    def pause_writing(self) -> None:
        """Start the stall timeout: the client reads slower than the response is written."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.limits.stalled_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the stall timeout: the client has read on."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Abort if the client has not read its response by the keep-alive timeout."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:
        """Answer malformed HTTP with a problem document."""
        self._refuse(400, "malformed-request", "The request is not valid HTTP", msg)

    def give_way(self) -> None:
        """Close at once, to make room for another connection."""
        self.limits.waiting.pop(self, None)
        self._count(-self._head)
        self.transport.abort()

    def is_answering(self) -> bool:
        """Whether a response is being written, as to a request whose body is still incomplete."""
        return self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete

    def has_unread_data(self) -> bool:
        """Whether something has arrived that the event loop has not read yet."""
        if self.transport.is_closing():
            return False
        sock = self.transport.get_extra_info("socket")
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def wait(self) -> None:
        """Count the connection as waiting for a request, from now on."""
        self.limits.waiting.pop(self, None)
        self.limits.waiting[self] = None

    def _count(self, size: int) -> None:
        self._head += size
        self.limits.heads += size

    def _start(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self._late)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _silent(self) -> None:
        """Count the connection as waiting: its grace period is over."""
        self.wait()
        self._start(self.limits.head_s)

    def _late(self) -> None:
        self._timer = None
        if self._has_requested or self._head:
            self._refuse(408, "request-timeout", "The request took too long to arrive", "Send it without pauses.")
        else:
            self.transport.abort()

    def _largest(self) -> str:
        return f"Headers may take up to {self.limits.head_bytes} bytes in total."

    def _is_answerable(self) -> bool:
        """Return whether a request whose body is still incomplete can be answered: neither it nor an earlier one has
        been so far.
        """
        return self.cycle.more_body and not self.cycle.response_started and not self.pipeline

    def _refuse(self, status: int, slug: str, title: str, detail: str) -> None:
        """Write a problem document, unless a response is in progress, and close."""
        self._stop()
        if self.cycle is None or (self.cycle.response_complete and self._in_head) or self._is_answerable():
            body = json.dumps(Problem(status, slug, title, detail).document()).encode()
            headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), "connection": "close"}
            headers["cache-control"] = "no-store"
            if status == 503:
                headers["retry-after"] = "1"
            lines = [f"{name}: {value}\r\n".encode() for name, value in headers.items()]
            self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
        self.transport.close()
