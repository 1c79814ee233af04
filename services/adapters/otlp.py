"""Exporter of spans to a collector, by the OpenTelemetry protocol: JSON over HTTP, compressed.

OpenTelemetry's SDK is not used: its exporter adds 13 MB and 90 ms of CPU to each cold start for one document per
request, and sends from a thread, which a frozen Lambda function stops. Requests to the AWS X-Ray endpoint are signed.
Source: OTLP specification 1.x, "OTLP/HTTP", "JSON Protobuf Encoding"; Amazon CloudWatch user guide, "OTLP endpoints".
"""

import gzip
import json
import logging
import re
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from services.adapters.bounded import bounded_class, within

PATH = "/v1/traces"
# Seconds for a whole response, however slowly it arrives; and its maximum size: its content is not used.
TIMEOUT_S = 1.0
LARGEST_ANSWER = 64 << 10
# Seconds between exports, and after a failed one.
EVERY_S, PAUSE_S = 5.0, 30.0
# Maximum number of requests with pending spans (older ones are dropped), and of requests per document.
MOST, AT_ONCE = 1_024, 128
_XRAY = re.compile(r"xray\.([a-z0-9-]+)\.(amazonaws\.com(\.cn)?|api\.aws)")

_Http, _Https = bounded_class(HTTPConnection), bounded_class(HTTPSConnection)

_log = logging.getLogger(__name__)
Json = dict[str, Any]


class Collector:
    """Exports spans. ``resource``: attributes of this process. ``later``: export from a thread; otherwise the caller
    calls ``flush``. Nothing here raises: if the collector is down, spans are dropped and a line is logged.
    """

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], resource: Mapping[str, str], *, later: bool = True
    ) -> None:
        self._url = urlsplit(endpoint.rstrip("/") + PATH)
        self._headers = {"content-type": "application/json", "content-encoding": "gzip", **headers}
        self._resource = {"attributes": attributes(resource)}
        self._later = later
        self._pending: deque[list[Json]] = deque(maxlen=MOST)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._again_at = float("-inf")

    def put(self, spans: list[Json]) -> None:
        """Add the spans of a request."""
        self._pending.append(spans)
        if self._later and self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._send_forever, name="spans", daemon=True)
                    self._thread.start()

    def flush(self) -> None:
        """Export pending spans, within ``TIMEOUT_S`` per document."""
        while self._pending and time.monotonic() >= self._again_at:
            requests = [self._pending.popleft() for _ in range(min(len(self._pending), AT_ONCE))]
            try:
                self._post(self._document([span for spans in requests for span in spans]))
            except Exception as error:  # noqa: BLE001 - any kind: the request has been answered
                self._again_at = time.monotonic() + PAUSE_S
                _log.warning(
                    "dropped %d traces: %s://%s does not accept them (%s: %s); retrying in %.0f s",
                    len(requests), self._url.scheme, self._url.netloc, type(error).__name__, _message(error), PAUSE_S,
                )  # fmt: skip

    def _send_forever(self) -> None:
        while True:
            time.sleep(EVERY_S)
            self.flush()

    def _document(self, spans: list[Json]) -> bytes:
        scope = {"scope": {"name": "marquee"}, "spans": spans}
        document = {"resourceSpans": [{"resource": self._resource, "scopeSpans": [scope]}]}
        return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), compresslevel=1)

    def _post(self, body: bytes) -> None:
        url, host = self._url, self._url.hostname or ""
        xray = _XRAY.fullmatch(host)
        headers = _signed(url.geturl(), body, self._headers, xray[1]) if xray else self._headers
        secure = {"context": _tls_context()} if url.scheme == "https" else {}
        connection = (_Https if secure else _Http)(host, url.port, timeout=TIMEOUT_S, **secure)
        try:
            with within(TIMEOUT_S, LARGEST_ANSWER):
                connection.request("POST", url.path, body, dict(headers))
                response = connection.getresponse()
                if response.status >= 300:
                    detail = response.read(300).decode(errors="replace")
                    raise HTTPException(f"status {response.status}: {detail}")
        finally:
            connection.close()


@cache
def _tls_context() -> ssl.SSLContext:
    """Return the TLS context. Cached: loading the certificate authorities takes longer than the rest of a request."""
    return ssl.create_default_context()


def _message(error: Exception) -> str:
    """Return an error's message, unless it might contain the headers, one of which is a secret."""
    return str(error) if isinstance(error, OSError | HTTPException) else "message withheld"


def attributes(values: Mapping[str, object]) -> list[Json]:
    """Convert attributes to OTLP: text, integers, booleans, and lists of text."""
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: object) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_value(each) for each in value]}}
    return {"stringValue": str(value)}


def _signed(url: str, body: bytes, headers: Mapping[str, str], region: str) -> Mapping[str, str]:
    """Return the headers with an AWS version 4 signature."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    from services.adapters.aws import session

    shared: Any = session()
    request = AWSRequest("POST", url, dict(headers), body)
    SigV4Auth(shared.get_credentials().get_frozen_credentials(), "xray", region).add_auth(request)
    return dict(request.headers.items())
