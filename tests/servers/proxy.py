"""A proxy that misbehaves on demand, to see what clients do when the server behind it fails.

::

    with Proxy(opensearch_url) as proxy:
        proxy.delay()                  # requests arrive, their responses are held back
        proxy.answer(429, times=3)     # the next three requests are throttled, then all is well again
        proxy.black_hole()             # requests are read and never answered
        proxy.forward()                # all is well again

A mode applies to requests that arrive from then on; requests waiting in the previous mode stop waiting.
"""

import http.client
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.patience import PATIENCE_S
from tests.servers.http_server import Answer, HttpServer, Request

# The event is set when the mode changes: what waits in it stops waiting.
Mode = Callable[[Request, threading.Event], "Answer | None"]


@dataclass
class Proxy:
    """Listens on its own loopback port and forwards HTTP to ``upstream``, a URL without a path.

    ``requests`` counts all requests that arrived. If the upstream is down, the connection is dropped.
    """

    upstream: str
    requests: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._mode: Mode = self._forward
        self._times: int | None = None
        self._server: HttpServer | None = HttpServer(self._handle)
        self.port = self._server.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def forward(self) -> None:
        """Forward requests and responses."""
        self._set(self._forward)

    def delay(self, seconds: float | None = None) -> None:
        """Forward the request at once, and the response after so many seconds; None: when the mode changes."""
        self._set(lambda request, changed: self._late(request, changed, seconds))

    def answer(self, status: int, body: bytes = b"{}", *, times: int | None = None) -> None:
        """Answer instead of the server, with a JSON body: always, or so many times."""
        made = Answer(status, body, [("Content-Type", "application/json")])
        self._set(lambda *_: made, times)

    def drop(self, *, times: int | None = None) -> None:
        """Read the request, then close the connection without an answer: always, or so many times."""
        self._set(lambda *_: None, times)

    def black_hole(self) -> None:
        """Read the request and stay silent, until the mode changes: then the connection is closed."""
        self._set(self._silence)

    def refuse(self) -> None:
        """Close the port and every connection. Any other mode opens the same port again."""
        self._set(self._forward, listen=False)

    def close(self) -> None:
        """Close for good."""
        self.refuse()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _set(self, mode: Mode, times: int | None = None, *, listen: bool = True) -> None:
        with self._lock:
            self._mode, self._times = mode, times
            waiting, self._changed = self._changed, threading.Event()
        waiting.set()
        if listen and self._server is None:
            self._server = HttpServer(self._handle, self.port)
        elif not listen and self._server is not None:
            self._server.close()
            self._server = None

    def _handle(self, request: Request) -> Answer | None:
        with self._lock:
            self.requests += 1
            mode = self._mode if self._times != 0 else self._forward
            self._times = max(self._times - 1, 0) if self._times is not None else None
            changed = self._changed
        return mode(request, changed)

    def _late(self, request: Request, changed: threading.Event, seconds: float | None) -> Answer | None:
        answer = self._forward(request, changed)
        changed.wait(seconds)
        return answer

    def _silence(self, request: Request, changed: threading.Event) -> None:
        changed.wait()

    def _forward(self, request: Request, changed: threading.Event) -> Answer | None:
        to = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(to.hostname or "", to.port, timeout=PATIENCE_S)
        try:
            with suppress(OSError, http.client.HTTPException):
                connection.request(request.method, request.path, request.body or None, dict(request.headers))
                response = connection.getresponse()
                return Answer(response.status, response.read(), response.getheaders())
            return None
        finally:
            connection.close()
