"""A scripted server in this process, and a small catalogue with people."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from data_jobs.bench.bench_people import make_people
from data_jobs.bench.http_client import HttpConnection
from data_jobs.bench.mix import Requests, people_needed
from tests.builders import make_catalogue

Answer = Callable[[str, Any], tuple[int, Any]]
FRESH = {"items": [], "degraded": [], "cached": False}


def small_requests(films: int = 60, requests: int = 20) -> Requests:
    catalogue = make_catalogue(films)
    return Requests(catalogue, make_people(catalogue, people_needed(requests)))


class ScriptedServer:
    """The part of ``RunningServer`` that the measurements use. ``answer`` gets path and body, ``requests`` both."""

    def __init__(self, answer: Answer = lambda path, body: (200, FRESH)) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.cpu: float | None = 0.0
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # headers and body in one piece, to avoid a delay by Nagle's algorithm

            def do_GET(self) -> None:
                self._respond(None)

            def do_POST(self) -> None:
                self._respond(json.loads(self.rfile.read(int(self.headers["content-length"]))))

            def _respond(self, body: Any) -> None:
                with server._lock:
                    server.requests.append((self.path, body))
                    if server.cpu is not None:
                        server.cpu += 0.002
                status, document = answer(self.path, body)
                content = json.dumps(document, separators=(",", ":")).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> "ScriptedServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def connect(self) -> HttpConnection:
        return HttpConnection("127.0.0.1", self.port)

    def cpu_s(self) -> float | None:
        return self.cpu
