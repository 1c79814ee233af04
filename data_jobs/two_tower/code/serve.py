"""``python serve.py FOLDER [PORT]``: the endpoint's HTTP interface on this machine, with the same handlers.

``GET /ping`` returns 200 once the model is loaded; ``POST /invocations`` answers. Source: Amazon SageMaker AI developer
guide, "Custom inference code with hosting services".
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from inference import JSON, Served, model_fn, transform_fn

LARGEST_REQUEST = 1 << 20


class Handler(BaseHTTPRequestHandler):
    """Handle the requests of one connection. ``served``: the model."""

    served: Served
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer ``/ping``."""
        self._answer(200 if self.path == "/ping" else 404, b"")

    def do_POST(self) -> None:
        """Answer ``/invocations``, and ``/endpoints/NAME/invocations`` as used by clients of an endpoint."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_REQUEST:
            self.close_connection = True
            self._answer(413, b"")
            return
        body = self.rfile.read(length)
        if self.path.rpartition("/")[2] != "invocations":
            self._answer(404, b"")
            return
        try:
            answer, _ = transform_fn(self.served, body, self.headers.get("Content-Type") or JSON, JSON)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self._answer(400, str(error).encode())
        else:
            self._answer(200, answer.encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", JSON)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' name
        """Log nothing."""


def server(folder: str, port: int) -> ThreadingHTTPServer:
    """Return a server on loopback, with the model of the unpacked archive."""
    handler = type("Loaded", (Handler,), {"served": model_fn(folder)})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


if __name__ == "__main__":
    running = server(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8080)
    sys.stdout.write(f"http://127.0.0.1:{running.server_port}\n")
    sys.stdout.flush()
    running.serve_forever()
